"""Whether the draws can be trusted, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from bayesmix.convergence import diagnose

__all__ = ["ESS_PER_CHAIN", "RHAT", "judge"]

RHAT = 1.01
ESS_PER_CHAIN = 100
"""The limits of Vehtari et al. (2021)."""

LOOKED_AT = 1000
"""How many numbers of one variable are looked at: some milliseconds each."""

NAMED = 3
"""How many of the worst parameters a sentence names."""


def judge(idata: xr.DataTree) -> str | None:
    """What speaks against the draws, and what to do.

    Divergent draws, R-hat above 1.01, and bulk or tail effective sample sizes under 100 a chain.
    Parameters that can't vary, such as the diagonal of a correlation matrix, don't count; of a
    variable with more than a thousand numbers (effects of very many levels) a thousand do.

    Parameters
    ----------
    idata : xarray.DataTree
        With the groups ``posterior`` and ``sample_stats``.

    Returns
    -------
    str or None
        None if nothing does.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, *Bayesian Analysis* 16(2).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> draws = xr.Dataset({"sigma": (("chain", "draw"), rng.normal(size=(4, 500)))})
    >>> stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((4, 500), bool))})
    >>> judge(xr.DataTree.from_dict({"posterior": draws, "sample_stats": stats})) is None
    True
    """
    posterior, stats = idata["posterior"].to_dataset(), idata["sample_stats"].to_dataset()
    found = [*_divergences(stats), *_parameters(posterior)]
    if not found:
        return None
    return "The draws should not be trusted yet.\n" + "\n".join(f"- {line}" for line in found)


def _divergences(stats: xr.Dataset) -> Iterator[str]:
    diverging = stats["diverging"].to_numpy()
    if diverging.any():
        target = stats.attrs.get("target_accept", 0.8)
        yield (
            f"{diverging.sum()} of {diverging.size} draws diverged: there are places that the "
            f"sampler could not follow, and the estimates may be biased. "
            f"{_smaller_steps(target)}; if they stay, give tighter priors (those of sd above all) "
            f"or a simpler model."
        )


def _smaller_steps(target: float) -> str:
    if target < 0.95:
        return f"Fit with target_accept=0.95 (it was {target:g})"
    return f"Fit with a target_accept closer to 1 (it was {target:g})"


def _parameters(posterior: xr.Dataset) -> Iterator[str]:
    names, values = _flat(posterior)
    chains, draws = values.shape[:2]
    if draws < 4:
        yield f"{draws} draws a chain are too few to judge; take more (draws=)."
        return
    yield from _broken(names, values)
    numbers = diagnose(values)
    yield from _disagreement(names, numbers["Rhat"])
    yield from _few(names, numbers["Bulk_ESS"], numbers["Tail_ESS"], chains, draws)


def _broken(names: np.ndarray, values: np.ndarray) -> Iterator[str]:
    broken = ~np.isfinite(values).all(axis=(0, 1))
    if broken.any():
        yield (
            f"{_count(broken)} not finite in every draw: {_listed(names[broken])}. "
            "Look at the priors and at the scale of the data."
        )


def _disagreement(names: np.ndarray, rhat: np.ndarray) -> Iterator[str]:
    bad = rhat > RHAT
    if bad.any():
        worst = _worst(names, rhat, -rhat, bad, "{:.2f}")
        yield (
            f"R-hat is above {RHAT} for {bad.sum()} of {bad.size} parameters: {worst}. The chains "
            "have not come to the same distribution. Take more draws (tune=, draws=); if it stays, "
            "look whether the data and priors say enough about these parameters."
        )


def _few(
    names: np.ndarray, bulk: np.ndarray, tail: np.ndarray, chains: int, draws: int
) -> Iterator[str]:
    limit = ESS_PER_CHAIN * chains
    least = np.fmin(bulk, tail)
    bad = least < limit
    if bad.any():
        worst = _worst(names, least, least, bad, "{:.0f}")
        more = int(np.ceil(draws * limit / max(np.nanmin(least), 1) / 100) * 100)
        yield (
            f"The effective sample size is under {limit} ({ESS_PER_CHAIN} a chain) for {bad.sum()} "
            f"of {bad.size} parameters: {worst}. Their intervals are imprecise. Take more draws: "
            f"draws={more} or so would do."
        )


def _worst(
    names: np.ndarray, shown: np.ndarray, order: np.ndarray, bad: np.ndarray, form: str
) -> str:
    at = np.flatnonzero(bad)
    at = at[np.argsort(order[at], kind="stable")]
    first = ", ".join(f"{names[i]} {form.format(shown[i])}" for i in at[:NAMED])
    return f"{first}, …" if len(at) > NAMED else first


def _listed(names: np.ndarray) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")


def _count(bad: np.ndarray) -> str:
    return f"{bad.sum()} of {bad.size} parameters {'is' if bad.sum() == 1 else 'are'}"


def _flat(posterior: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Names and values ``(chain, draw, parameter)`` of every number that varies."""
    parts = [_varying(v.transpose("chain", "draw", ...)) for v in posterior.data_vars.values()]
    names, values = zip(*parts, strict=True)
    return np.concatenate(names), np.concatenate(values, axis=2)


def _varying(draws: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Those of one variable; of a large one `LOOKED_AT` of them, evenly spread."""
    at = np.flatnonzero(_free(draws))
    if at.size > LOOKED_AT:
        at = at[np.linspace(0, at.size - 1, LOOKED_AT).astype(int)]
    # The flat view costs nothing, the chosen columns little.
    kept = draws.to_numpy().reshape(*draws.shape[:2], -1)[:, :, at]
    varying = ~(kept == kept[:1, :1]).all(axis=(0, 1))
    names = [_name(draws, np.unravel_index(i, draws.shape[2:])) for i in at[varying]]
    return np.array(names, dtype=object), kept[:, :, varying]


def _free(draws: xr.DataArray) -> np.ndarray:
    """Of a correlation matrix the entries under the diagonal."""
    shape = draws.shape[2:]
    keep = np.ones(shape, bool)
    if shape and str(draws.dims[-1]).endswith("_coef2"):
        keep &= np.tri(*shape[-2:], k=-1, dtype=bool)
    return keep.ravel()


def _name(draws: xr.DataArray, at: tuple[int, ...]) -> str:
    labels = [str(draws[dim].to_numpy()[i]) for dim, i in zip(draws.dims[2:], at, strict=True)]
    return f"{draws.name}[{', '.join(labels)}]" if labels else str(draws.name)
