"""Draws that brms made, read into the posterior of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.bridge.measured import with_true_values
from bayesmix.errors import DataError, did_you_mean, listed
from bayesmix.families.thresholds import FLEXIBLE, THRESHOLD
from bayesmix.fit import Fit
from bayesmix.frames import to_pandas
from bayesmix.names import Cell, Variable, variables
from bayesmix.parameters import MAIN, Target
from bayesmix.variables import SAMPLE_DIMS, dataset, observed

if TYPE_CHECKING:
    from bayesmix.model import Model
    from bayesmix.spec import ModelSpec

CHAIN, ITERATION, LOG_DENSITY = ".chain", ".iteration", "lp__"
SOURCE = {"inference_library": "brms"}

NOT_NEEDED = re.compile(
    r"lp__|lprior|\.chain|\.iteration|\.draw|Unnamed: 0|"
    r"((first|merged|ordered)_)?Intercept(_\w+)?(\[\d+\])?|disc|tmp_xi|prior_.+|"
    r"L(l?ncor|rescor)\[[\d,]+\]|(z|L|Cor|dfm|zme|Lme|Corme)_\d+(_\d+)?\[[\d,]+\]|"
    r"zb(_\w+)?\[\d+\]|zerr\[\d+\]|R2D2_tau2(_\w+)?|par_\w+|(ns)?zcar(_\w+)?\[\d+\]|"
    r"(accept_stat|stepsize|treedepth|n_leapfrog|divergent|energy)__|"
)
"""Columns of brms that say nothing new: the centred intercepts, standardised effects and so on."""


def from_brms(model: Model, draws: Any) -> Fit:
    """A fit from posterior draws that brms made of the same model.

    Parameters
    ----------
    model : Model
        The same formula, on the same data, with factor levels in the same order, and the same
        family. Its priors count for `Fit.log_density` only.
    draws : DataFrame, str or Path
        One row a draw, one column a parameter, with brms's names (``b_x``, ``sd_g__Intercept``,
        ``cor_g__Intercept__x``, ``r_g[level,x]``, ``sigma``); or the path of a CSV file of that, as
        ``write.csv(as_draws_df(fit), "draws.csv")`` makes in R. With a column ``.chain`` the draws
        are put into chains, otherwise they are one.

    Returns
    -------
    Fit
        What brms derives from other parameters (``lprior``, ``z_1[1,1]``, …) is left out;
        ``lp__`` becomes ``lp`` of ``sample_stats``.

    Raises
    ------
    DataError
        If a parameter of the model is not in the draws, or one of theirs not in the model; if
        values are missing, or chains of unequal length.

    References
    ----------
    brms's ``as_draws_df``: https://paulbuerkner.com/brms/reference/draws-brms.html

    Examples
    --------
    >>> from bayesmix.model import Model
    >>> model = Model("y ~ x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 4.0, 8.0]})
    >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.1], "sigma": [0.8, 1.1]}
    >>> from_brms(model, draws).fixef()["Estimate"].to_dict()
    {'Intercept': 0.6, 'x': 2.05}
    """
    _check_smooths(model.spec)
    wanted, frame = variables(model.spec), with_true_values(model.spec, _read(draws))
    given = {
        Target(r.name, d.name).label
        for r in model.spec.responses
        for d in r.family.dpars
        if d.name not in r.family.free_dpars
    }
    given |= _derived_thresholds(model.spec) | _copied_shares(wanted, frame.columns)
    columns = _match(wanted, [c for c in frame.columns if c not in given])
    order, chains = _chains(frame)
    values = {v.name: _values(v, columns, frame)[order] for v in wanted}
    posterior = dataset(model.spec, {name: _in_chains(v, chains) for name, v in values.items()})
    groups = {"posterior": posterior.assign_attrs(SOURCE), "observed_data": observed(model.spec)}
    if LOG_DENSITY in frame.columns:
        lp = _in_chains(_numbers(frame[LOG_DENSITY])[order], chains)
        stats = xr.Dataset({"lp": (SAMPLE_DIMS, lp)}, attrs=SOURCE)
        groups["sample_stats"] = stats.assign_coords({d: posterior[d] for d in SAMPLE_DIMS})
    return Fit(model, xr.DataTree.from_dict(groups))


def _derived_thresholds(spec: ModelSpec) -> set[str]:
    """Those that brms keeps beside what they are made of."""
    kept = set()
    for r in spec.responses:
        options = {o.name: o.value for o in r.family.options}
        if options.get(THRESHOLD, FLEXIBLE) != FLEXIBLE:
            heads, count = (f"{Target(r.name, MAIN).variable}_", ""), len(r.family.outcome[1])
            kept |= {f"{head}Intercept[{k}]" for head in heads for k in range(1, count)}
    return kept - {name for v in variables(spec) for c in v.cells for name in c.names}


def _copied_shares(wanted: Sequence[Variable], columns: Sequence[str]) -> set[str]:
    """Shares of steps with an id, which brms keeps for each coefficient that has them."""
    shares = (cell.names for v in wanted if v.name.startswith("simo_") for cell in v.cells)
    there = ([c for c in columns if c in names] for names in shares)
    return {copy for found in there for copy in found[1:]}


def _check_smooths(spec: ModelSpec) -> None:
    """The signs of R's bases are those that its eigenvectors happen to have."""
    if any(p.smooths for p in spec.design.predictors):
        raise DataError(
            "Draws that brms made of a model with smooths can't be read: the signs of its basis "
            "functions are known to R alone. Fit the model here: model.fit()."
        )


def _read(draws: Any) -> pd.DataFrame:
    if not isinstance(draws, str | PathLike):
        return to_pandas(draws, what="draws")
    path = fspath(draws)
    try:
        return to_pandas(pd.read_csv(path), what="draws")
    except FileNotFoundError:
        raise DataError(f"There is no file {path!r} with draws.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"The file {path!r} can't be read as a CSV of draws: {error}") from error


def _match(wanted: Sequence[Variable], columns: Sequence[str]) -> dict[Cell, str]:
    """The column of every cell.

    Raises
    ------
    DataError
        Unless every cell has a column, and every column a cell or no use.
    """
    cells = {name: cell for v in wanted for cell in v.cells for name in cell.names}
    _check_distinct(wanted, cells)
    found: dict[Cell, str] = {}
    for c in columns:
        if c in cells:
            found.setdefault(cells[c], c)
    used = set(found.values())
    missing = [cell for v in wanted for cell in v.cells if cell not in found]
    surplus = [c for c in columns if c not in used and not NOT_NEEDED.fullmatch(c)]
    if missing or surplus:
        raise DataError(_mismatch(missing, surplus, columns, list(cells)))
    return found


def _check_distinct(wanted: Sequence[Variable], cells: Mapping[str, Cell]) -> None:
    for cell in (cell for v in wanted for cell in v.cells):
        for name in cell.names:
            if cells[name] is not cell:
                raise DataError(
                    f"Two parameters of the model would be called {name!r} by brms; "
                    "rename a column or level."
                )


def _mismatch(
    missing: Sequence[Cell], surplus: Sequence[str], columns: Sequence[str], known: list[str]
) -> str:
    parts = ["The draws are not of this model."]
    if missing:
        names = [cell.names[0] for cell in missing]
        near = did_you_mean(names[0], surplus)
        parts.append(f"They have no column {listed(names)}.{near}{_no_effects(names, columns)}")
    if surplus:
        near = "" if missing else did_you_mean(surplus[0], known)
        parts.append(f"They have {listed(surplus)}, no parameter of the model.{near}")
    return " ".join(parts)


def _no_effects(missing: Sequence[str], columns: Sequence[str]) -> str:
    if all(m.startswith("udf_") for m in missing) and missing:
        return " Scales of Student effects were not saved: fit in R with save_pars(all = TRUE)."
    if missing and all(m.startswith("zcar") for m in missing):
        return " The spatial part was not saved: fit in R with save_pars(all = TRUE)."
    if missing and all(m.startswith("Xme_") for m in missing):
        return " True values were not saved: fit in R with save_pars(latent = TRUE)."
    if any(c.startswith("r_") for c in columns) or not all(m.startswith("r_") for m in missing):
        return ""
    return " Group effects were not saved: fit in R without save_pars(group = FALSE)."


def _chains(frame: pd.DataFrame) -> tuple[np.ndarray, int]:
    """The rows chain by chain in order of iteration, and the number of chains."""
    if CHAIN not in frame.columns:
        return np.arange(len(frame)), 1
    chain = _numbers(frame[CHAIN])
    has_order = ITERATION in frame.columns
    iteration = _numbers(frame[ITERATION]) if has_order else np.arange(len(frame))
    labels, counts = np.unique(chain, return_counts=True)
    if len(set(counts)) > 1:
        lengths = ", ".join(f"{c:g}: {n}" for c, n in zip(labels, counts, strict=True))
        raise DataError(f"The chains of the draws differ in length ({lengths}).")
    if len(np.unique(np.stack([chain, iteration]), axis=1).T) < len(frame):
        raise DataError(f"The draws have an {ITERATION} twice in one {CHAIN}.")
    return np.lexsort((iteration, chain)), len(labels)


def _values(variable: Variable, columns: Mapping[Cell, str], frame: pd.DataFrame) -> np.ndarray:
    values = np.array(np.broadcast_to(variable.start, (len(frame), *variable.start.shape)))
    for cell in variable.cells:
        column = _numbers(frame[columns[cell]])
        for position in cell.positions:
            values[:, *position] = column
    return values


def _in_chains(values: np.ndarray, chains: int) -> np.ndarray:
    """Samples, chains end to end, as chains × draws."""
    return values.reshape(chains, len(values) // chains, *values.shape[1:])


def _numbers(column: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise DataError(f"Column {column.name!r} of draws does not hold numbers.")
    values = column.to_numpy(float)
    if not np.isfinite(values).all():
        row = column.index[~np.isfinite(values)][0]
        raise DataError(f"Column {column.name!r} of draws is missing or infinite in row {row!r}.")
    return values
