"""A line of the table of parameters: one variable of the posterior."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.parameters.slots import Slot
from bayesmix.parameters.target import Target

if TYPE_CHECKING:
    from bayesmix.priors import Resolved


class Role(StrEnum):
    """What a parameter is to the model; stages that treat some apart look at this."""

    POPULATION = "population"
    THRESHOLDS = "thresholds"
    SD = "sd"
    COR = "cor"
    DF = "df"
    """Degrees of freedom of Student effects."""
    MIXING = "mixing"
    """Of each level of Student effects its own: they are √(df · mixing) times normal ones."""
    EFFECTS = "effects"
    SMOOTH_SD = "smooth sd"
    """What the coefficients of a smooth's block are drawn with."""
    SMOOTH = "smooth"
    """The penalised coefficients of smooths."""
    PROCESS_SCALE = "process scale"
    """Standard deviations and length scales of Gaussian processes."""
    PROCESS = "process"
    """The standard normal numbers that Gaussian processes are made of."""
    REGIONS_SD = "regions sd"
    """What the effects of regions are drawn with."""
    REGIONS_SHARE = "regions share"
    """How much of them neighbours have in common."""
    SPATIAL = "spatial"
    """The part of regions' effects, not scaled, that neighbours have in common."""
    REGIONS = "regions"
    """Effects of regions that resemble those of neighbours."""
    ROWS = "rows"
    """How much rows hang on each other."""
    DPAR = "dpar"
    CORRELATIONS = "correlations"
    """Those under the diagonal of a matrix that all rows have in common, row by row."""
    SHARES = "shares"
    """Of a whole that all rows have in common."""
    STEPS = "steps"
    """Shares of the steps of a monotonic effect."""
    MEASURED = "measured"
    """Means and standard deviations of the true values of covariates with measurement error."""
    TRUE_VALUES = "true values"
    """These true values, of rows or of levels."""
    IMPUTED = "imputed"
    """Values of a response that are missing, or were measured with errors."""
    VARIANCE = "variance"
    """Of a variance function."""
    STATIONARY = "stationary"
    """Several coefficients of a stationary series."""
    RESIDUAL = "residual"
    """Of the correlation of residuals, or their scale."""
    LATENT = "latent"
    """Residuals of a linear predictor."""
    SHRINKAGE = "shrinkage"
    """What a shrinkage prior brings with it."""


class Transform(StrEnum):
    """How numbers without bounds become a parameter's values."""

    BOUNDED = "bounded"
    """Each value between its own bounds."""
    ORDERED = "ordered"
    """Values that increase along the last axis, each of `Parameter.runs` by itself."""
    SHARES = "shares"
    """Shares that add up to one."""
    CORRELATION = "correlation"
    """A correlation matrix, from canonical partial correlations."""
    STATIONARY = "stationary"
    """Coefficients of a stationary series, from partial autocorrelations."""
    STANDARDISED = "standardised"
    """Effects, from standard normal ones, standard deviations and correlations."""


@dataclass(frozen=True)
class Parameter:
    """One variable of the posterior.

    Attributes
    ----------
    name : str
        ``b``, ``sd_g``, ``sigma``, …
    role : Role
    owner : Target or str
        The predictor or the parameter of a response that it belongs to, or the grouping factor.
    dims : tuple of str
        Without ``chain`` and ``draw``.
    coords : tuple of tuple
        The labels along each of `dims`.
    slots : tuple of Slot
        Who takes a prior: each of its values, in order; for strata of ``gr(by=)`` those of one; a
        correlation matrix or a vector of shares as a whole; effects not at all.
    transform : Transform
    priors : tuple of Resolved
        Those of `slots`, once they are known.
    unit : str
        The parameter in whose units the prior is; ``""`` if it is in none.
    lengths : tuple of int
        Of the runs of values that increase, where there are several.
    """

    name: str
    role: Role
    owner: Target | str
    dims: tuple[str, ...] = ()
    coords: tuple[tuple[Any, ...], ...] = ()
    slots: tuple[Slot, ...] = ()
    transform: Transform = Transform.BOUNDED
    priors: tuple[Resolved, ...] = field(default=())
    unit: str = ""
    lengths: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.coords))

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def each(self) -> tuple[Resolved, ...]:
        """The prior of every value, for a parameter whose values have priors of their own."""
        return self.priors * (self.size // max(1, len(self.priors)))

    @property
    def runs(self) -> tuple[slice, ...]:
        """Where the values of each run are that increase."""
        ends = tuple(accumulate(self.lengths or (self.size,)))
        return tuple(slice(a, b) for a, b in zip((0, *ends), ends, strict=False))

    @property
    def prior(self) -> Resolved:
        """The prior of a parameter that has one."""
        (only,) = self.priors
        return only


def labels(values: Iterable[Any]) -> tuple[Any, ...]:
    """Labels that a file can hold: numbers, texts and times as they are, all others as text."""
    values = tuple(values)
    index = pd.Index(values, tupleize_cols=False)
    plain = isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufbM"
    return values if plain or index.inferred_type == "string" else tuple(map(str, values))
