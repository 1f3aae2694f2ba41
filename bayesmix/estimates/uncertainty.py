"""Standard errors of what is computed from estimates, by the delta method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesmix.estimates.likelihood import Likelihood
from bayesmix.estimates.search import Maximum

Values = Mapping[str, np.ndarray]

STEP = 1e-5
NOTHING = 1e-9
"""An error so small is that of a constant, or of what is at a bound."""


@dataclass(frozen=True)
class Uncertainty:
    """How well parameters are known: the inverse information at the estimates.

    Attributes
    ----------
    likelihood : Likelihood
    maximum : Maximum
    within : ndarray
        The coefficients that are found within.
    covariance : ndarray
        Of these, given all else.
    """

    likelihood: Likelihood
    maximum: Maximum
    within: np.ndarray
    covariance: np.ndarray

    def errors(self, quantities: Callable[[Values], np.ndarray]) -> np.ndarray:
        """Standard errors of functions of parameters; nan for what is at a bound.

        Parameters
        ----------
        quantities : callable
            Of values by variable, with an axis for one sample; gives numbers on one axis.
        """
        at, moves = self._place, np.eye(len(self._place))
        up, down = (
            np.stack([quantities(self._values(self._clipped(at + s * STEP * m))) for m in moves])
            for s in (1, -1)
        )
        slopes, free = (up - down) / (2 * STEP), self._free
        variance = np.einsum("ik,ij,jk->k", slopes[free], self._covariance, slopes[free])
        errors = np.sqrt(np.maximum(variance, 0.0))
        held = (np.abs(slopes[~free]) > NOTHING).any(axis=0)
        return np.where(held | (errors < NOTHING), np.nan, errors)

    @property
    def _place(self) -> np.ndarray:
        return np.concatenate([self.within, self.maximum.x])

    def _clipped(self, place: np.ndarray) -> np.ndarray:
        """What is at a bound has a slope on one side."""
        within, x = np.split(place, [len(self.within)])
        lower, upper = np.array(self.likelihood.unknowns.bounds).reshape(-1, 2).T
        return np.concatenate([within, np.clip(x, lower, upper)])

    @property
    def _free(self) -> np.ndarray:
        return np.concatenate([np.ones(len(self.within), bool), self.maximum.inside])

    @property
    def _covariance(self) -> np.ndarray:
        return linalg.block_diag(self.covariance, self.maximum.covariance)

    def _values(self, place: np.ndarray) -> Values:
        within, x = np.split(place, [len(self.within)])
        return self.likelihood.with_coefs(x, within)
