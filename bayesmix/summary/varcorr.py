"""Standard deviations, correlations and covariances of group-level effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesmix.predict import Draws
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.statistics import summarise
from bayesmix.tables import ByGroup, Table, formatted

RESIDUAL = "residual__"


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
        return self._text().to_html()

    def _text(self) -> pd.DataFrame:
        """Standard deviations, and each correlation once."""
        sd = formatted(self.sd)
        sd.index = [f"sd({name})" if name else "sd" for name in sd.index]
        if not self.pairs:
            return sd
        cor = formatted(self.cor.loc[list(self.pairs)])
        cor.index = [f"cor({a},{b})" for a, b in self.pairs]
        return pd.concat([sd, cor])


def varcorr(
    spec: ModelSpec, draws: Draws, probs: Sequence[float], robust: bool
) -> ByGroup[VarCorr]:
    """Each group's sds and correlations; see `Fit.varcorr`."""
    items = {g.group.name: _group(g, draws, probs, robust) for g in spec.groups}
    if "sigma" in spec.by_name:
        residual = summarise(draws["sigma"][:, None], pd.Index([""], name="coef"), probs, robust)
        items[RESIDUAL] = VarCorr(Table(residual))
    return ByGroup(items)


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
    cor = correlation_matrix(g, draws)
    cov = cor * sd[:, :, None] * sd[:, None, :]
    index = pd.MultiIndex.from_product([names, names], names=["coef", "coef2"])
    flat = [summarise(m.reshape(len(draws), -1), index, probs, robust) for m in (cor, cov)]
    pairs = tuple((names[i], names[j]) for i, j in correlated(g))
    return VarCorr(table, Table(flat[0]), Table(flat[1]), pairs)
