"""Standard deviations, correlations and covariances of group-level effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesmix.predict import Draws
from bayesmix.predict.variance import Variance
from bayesmix.priors import lkj
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.statistics import summarise
from bayesmix.tables import ByGroup, Table, formatted, html_table

RESIDUAL = "residual__"
SHARE, CORR = "Share", "Corr "


@dataclass(frozen=True, repr=False)
class VarCorr:
    """How one group's coefficients vary.

    Attributes
    ----------
    sd : DataFrame
        Indexed by coefficient.
    cor, cov : DataFrame or None
        Indexed by two coefficients; None where nothing is correlated.
    pairs : tuple of pairs of str
        The coefficients whose correlation is a parameter; all others' are 0.
    """

    sd: pd.DataFrame
    cor: pd.DataFrame | None = None
    cov: pd.DataFrame | None = None
    pairs: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return self._text().to_string()

    def _repr_html_(self) -> str:
        return html_table(self._text(), ("",))

    def _text(self) -> pd.DataFrame:
        """Standard deviations, and each correlation once."""
        sd = formatted(self.sd)
        sd.index = [f"sd({name})" if name else "sd" for name in sd.index]
        if not self.pairs:
            return sd
        cor = formatted(self.cor.loc[list(self.pairs)])
        cor.index = [f"cor({a},{b})" for a, b in self.pairs]
        return pd.concat([sd, cor])


class VarCorrs(ByGroup[VarCorr]):
    """All groups' variances as one table, as lme4 prints them; a mapping from group to `VarCorr`.

    Attributes
    ----------
    table : DataFrame
        Indexed by group and effect. ``Variance`` and ``SD`` are means; the quantiles are those of
        the sd; ``Share`` is what a group (in its first row) or the residual has of the total
        variance, averaged over the rows, nan where the family's residual variance isn't known;
        ``Corr NAME`` are correlations with the effects above.
    """

    def __init__(self, items: Mapping[str, VarCorr], table: pd.DataFrame) -> None:
        super().__init__(items)
        self.table = table

    def __repr__(self) -> str:
        return self._text().to_string() if len(self) else "no groups"

    def _repr_html_(self) -> str:
        return html_table(self._text(), ("group", "effect"))

    def _text(self) -> pd.DataFrame:
        names = [c for c in self.table if c.startswith(CORR) or c == SHARE]
        text = formatted(self.table.drop(columns=names))
        text[names] = self.table[names].map(lambda v: "" if np.isnan(v) else f"{v:.2f}")
        return text


def varcorr(spec: ModelSpec, draws: Draws, probs: Sequence[float], robust: bool) -> VarCorrs:
    """Each group's sds and correlations; see `Fit.varcorr`."""
    items = {g.group.name: _group(g, draws, probs, robust) for g in spec.groups}
    if sigmas := _sigmas(spec):
        items[RESIDUAL] = _residual(spec, draws, sigmas, probs, robust)
    return VarCorrs(items, _together(spec, draws, items, probs, robust))


def _sigmas(spec: ModelSpec) -> dict[str, str]:
    """The residual standard deviations that all rows share, by response."""
    own = ((r.name, r.variables.get("sigma")) for r in spec.responses)
    return {name: variable for name, variable in own if variable is not None}


def _residual(
    spec: ModelSpec,
    draws: Draws,
    sigmas: Mapping[str, str],
    probs: Sequence[float],
    robust: bool,
) -> VarCorr:
    sd = np.stack([draws[variable] for variable in sigmas.values()], axis=1)
    names = list(sigmas)
    table = Table(summarise(sd, pd.Index(names, name="coef", dtype=object), probs, robust))
    if spec.rescor is None or len(sigmas) < len(spec.responses):
        return VarCorr(table)
    at = (names[j] for _, j in zip(*np.tril_indices(len(names), -1), strict=True))
    below = (names[i] for i in np.tril_indices(len(names), -1)[0])
    pairs = tuple(zip(at, below, strict=True))
    return _with_correlations(table, sd, lkj.matrix(draws["rescor"]), names, pairs, probs, robust)


def _with_correlations(
    table: pd.DataFrame,
    sd: np.ndarray,
    cor: np.ndarray,
    names: list[str],
    pairs: tuple[tuple[str, str], ...],
    probs: Sequence[float],
    robust: bool,
) -> VarCorr:
    cov = cor * sd[:, :, None] * sd[:, None, :]
    index = pd.MultiIndex.from_product([names, names], names=["coef", "coef2"])
    flat = [summarise(m.reshape(len(sd), -1), index, probs, robust) for m in (cor, cov)]
    return VarCorr(table, Table(flat[0]), Table(flat[1]), pairs)


def _together(
    spec: ModelSpec,
    draws: Draws,
    items: Mapping[str, VarCorr],
    probs: Sequence[float],
    robust: bool,
) -> pd.DataFrame:
    """All of them in one table."""
    variances = {p.response.name: Variance(p, draws) for p in spec.parts}
    shares = {resp: v.shares or {} for resp, v in variances.items()}
    sigmas, parts = _sigmas(spec), []
    for name, item in items.items():
        variables = [*sigmas.values()] if name == RESIDUAL else [f"sd_{name}"]
        values = np.concatenate([draws[v].reshape(len(draws), -1) for v in variables], axis=1)
        table = item.sd.drop(columns="Est.Error").rename(columns={"Estimate": "SD"})
        table.insert(0, "Variance", (values**2).mean(axis=0))
        share = np.full(len(table), np.nan)
        of = list(sigmas) if name == RESIDUAL else [c.target.resp for c in spec.group(name).coefs]
        for resp, own in shares.items():
            if name in own and resp in of:
                share[of.index(resp)] = own[name].mean()
        table[SHARE] = share
        for a, b in item.pairs:
            table.loc[b, CORR + a] = item.cor.loc[(a, b), "Estimate"]
        parts.append(table)
    keys = ["residual" if name == RESIDUAL else name for name in items]
    for resp, variance in variances.items():
        if RESIDUAL in shares[resp] and resp not in sigmas:
            parts.append(_latent(variance, resp, probs, robust))
            keys.append("residual")
    if not parts:
        return Table()
    return Table(pd.concat(parts, keys=keys, names=["group", "effect"]))


def _latent(variance: Variance, resp: str, probs: Sequence[float], robust: bool) -> pd.DataFrame:
    """The residual of a family that has no sigma, or none that is the same in all rows."""
    sd = np.sqrt(variance.residual)[:, None]
    table = summarise(sd, pd.Index([f"{resp}(latent)"], name="coef"), probs, robust)
    table = table.drop(columns="Est.Error").rename(columns={"Estimate": "SD"})
    table.insert(0, "Variance", variance.residual.mean())
    return table.assign(**{SHARE: variance.shares[RESIDUAL].mean()})


def sd_names(g: GroupPriors) -> list[str]:
    """The coefficients; with ``gr(by=t)`` each within each level, ``x:t[a]``."""
    by = g.group.by
    if by is None:
        return list(g.names)
    return [f"{name}:{by.name}[{level}]" for level in by.levels for name in g.names]


def correlated(g: GroupPriors) -> list[tuple[int, int]]:
    """Positions among `sd_names` of the pairs whose correlation is a parameter."""
    k, strata = len(g.names), 1 if g.group.by is None else len(g.group.by.levels)
    pairs = sorted((j, i) for block in g.blocks for j in block for i in block if i < j)
    return [(s * k + i, s * k + j) for s in range(strata) for j, i in pairs]


def distinct(g: GroupPriors) -> list[tuple[int, int]]:
    """Those of `correlated` whose correlation is no other pair's too."""
    block_of = {k: block for block in g.blocks for k in block}

    def is_own(i: int, j: int) -> bool:
        block = block_of[i]
        correlations = g.structure(block).correlations
        if correlations == "free":
            return True
        return i == block[0] and (correlations == "toeplitz" or j == block[1])

    k = len(g.names)
    return [(i, j) for i, j in correlated(g) if is_own(i % k, j % k)]


def correlation_matrix(g: GroupPriors, draws: Draws) -> np.ndarray:
    """Draws of the correlations of all of `sd_names`; zeros between levels of ``by``."""
    cor = draws[f"cor_{g.group.name}"]
    if g.group.by is None:
        return cor
    samples, strata, k, _ = cor.shape
    full = np.zeros((samples, strata * k, strata * k))
    for i in range(strata):
        at = slice(i * k, (i + 1) * k)
        full[:, at, at] = cor[:, i]
    return full


def _group(g: GroupPriors, draws: Draws, probs: Sequence[float], robust: bool) -> VarCorr:
    names = sd_names(g)
    sd = draws[f"sd_{g.group.name}"].reshape(len(draws), -1)
    table = Table(summarise(sd, pd.Index(names, name="coef", dtype=object), probs, robust))
    if not g.correlated:
        return VarCorr(table)
    cor, pairs = correlation_matrix(g, draws), tuple((names[i], names[j]) for i, j in correlated(g))
    return _with_correlations(table, sd, cor, names, pairs, probs, robust)
