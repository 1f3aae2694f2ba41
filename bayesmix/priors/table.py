"""The resolved table: which parameter has which prior, and who said so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayesmix.parameters.slots import Key, Slot
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.register import register
from bayesmix.priors.rounding import format_number
from bayesmix.priors.shrinkage import Shrinkage

__all__ = ["PriorTable", "Resolved", "Row"]

_COLUMNS = ("prior", "class", "coef", "group", "resp", "dpar", "lb", "ub", "source", "scaled")


@dataclass(frozen=True)
class Resolved:
    """The prior of one parameter, bounds applied.

    Parameters
    ----------
    distribution : Distribution or Shrinkage
        A shrinkage prior is one of several parameters together (`spec.ModelSpec.shrinkings`).
    lower, upper : float
        The range of the parameter: natural range, bounds and support taken together. Both are
        the value of a constant.
    source : str
        ``"user"`` if any row of the user's has a say in it, else ``"default"``.

    Examples
    --------
    >>> half = Resolved(Distribution("normal", (0, 1)), 0.0, np.inf, "default")
    >>> round(float(half.logpdf(1.0)), 4)
    -0.7258
    """

    distribution: Distribution | Shrinkage
    lower: float
    upper: float
    source: str

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density, truncated to the range and renormalised; a flat one is 0 within it.

        Parameters
        ----------
        x : array_like
            Values on the parameter's own scale; Cholesky factors ``(..., K, K)`` for ``lkj``,
            shares ``(..., K)`` for ``dirichlet``.
        """
        if self.distribution.fixed or not self.distribution.of_one:
            return self.distribution.logpdf(x)
        x = np.asarray(x, dtype=float)
        inside = (x >= self.lower) & (x <= self.upper)
        return np.where(inside, self.distribution.logpdf(x) - self._log_mass, -np.inf)

    def rvs(
        self, rng: np.random.Generator, size: int | tuple[int, ...] | None = None
    ) -> np.ndarray:
        """Random values within the range.

        Raises
        ------
        PriorError
            If the prior is flat, or one of matrices or vectors.
        """
        return self.distribution.rvs(rng, size, self.lower, self.upper)

    def register(self, name: str, **kwargs: Any) -> Any:
        """The random variable in the open PyMC model; see `bayesmix.priors.register.register`."""
        return register(self.distribution, name, self.lower, self.upper, **kwargs)

    @cached_property
    def _log_mass(self) -> float:
        return self.distribution.log_mass(self.lower, self.upper)


@dataclass(frozen=True)
class Row:
    """A line of the table: what was said, for all, some or one of a class's parameters.

    `scaled` is what came of it, where the data or the number of rows had a say.
    """

    key: Key
    prior: str
    lb: float
    ub: float
    source: str
    scaled: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of the table's columns."""
        class_, dpar, group, coef, resp = self.key
        bounds = _bound(self.lb), _bound(self.ub)
        return self.prior, class_, coef, group, resp, dpar, *bounds, self.source, self.scaled


@dataclass(frozen=True, repr=False)
class PriorTable:
    """The priors of a model; made by `bayesmix.priors.resolve.resolve`.

    Parameters
    ----------
    slots : tuple of Slot
        The parameters.
    resolved : tuple of Resolved
        The prior of each.
    rows : tuple of Row
        What was said, sorted as brms sorts it.
    """

    slots: tuple[Slot, ...]
    resolved: tuple[Resolved, ...]
    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        return self.frame().to_string(index=False)

    def as_in(self, other: PriorTable) -> PriorTable:
        """The priors that another table has for the same parameters."""
        rows = {row.key: row for row in other.rows}
        resolved = tuple(other.for_slot(slot) for slot in self.slots)
        return PriorTable(self.slots, resolved, tuple(rows[row.key] for row in self.rows))

    def for_slot(self, slot: Slot) -> Resolved:
        """The prior of a parameter of the model; KeyError if it is none."""
        return self._by_key[slot.key]

    def frame(self) -> pd.DataFrame:
        """The rows as a data frame.

        Returns
        -------
        DataFrame
            Columns ``prior, class, coef, group, dpar, lb, ub, source``, all strings. An empty
            ``prior`` is that of the less specific row, or flat where there is none. Where a prior
            is scaled by the data, there is a column ``scaled`` of what came of it; where there are
            several responses, a column ``resp``.
        """
        table = pd.DataFrame([row.cells() for row in self.rows], columns=list(_COLUMNS))
        return table.drop(columns=[c for c in ("resp", "scaled") if not table[c].any()])

    @cached_property
    def _by_key(self) -> dict[Key, Resolved]:
        return {s.key: r for s, r in zip(self.slots, self.resolved, strict=True)}


def _bound(value: float) -> str:
    return format_number(value) if math.isfinite(value) else ""
