"""Least squares within the levels of a group, all levels at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from bayesmix.parameters import Target
from bayesmix.spec import ModelSpec

Rates = Mapping[Target, np.ndarray | float]


def groups_of(spec: ModelSpec, *targets: Target) -> list[str]:
    """The groups in the predictors of targets whose effects may be centred: of levels alike."""
    names = dict.fromkeys(t.group for target in targets for t in spec.predictors[target].groups)
    return [name for name in names if spec.design.group(name).plain]


class WithinLevels:
    """Regressions on the columns that one group has in the predictors of some targets.

    Parameters
    ----------
    spec : ModelSpec
    group : str
    rates : mapping of Target to ndarray or float
        What the columns in each predictor are multiplied by.
    """

    def __init__(self, spec: ModelSpec, group: str, rates: Rates) -> None:
        self.group = group
        terms = [
            (t.positions, t.evenly * np.reshape(rate, (-1, 1)))
            for target, rate in rates.items()
            for t in spec.predictors[target].groups
            if t.group == group
        ]
        self.positions = np.concatenate([positions for positions, _ in terms])
        self.z = np.concatenate([values for _, values in terms], axis=1)
        self.index, self.size = spec.design.group(group).index, spec.design.group(group).size

    @cached_property
    def ranks(self) -> np.ndarray:
        """The number of coefficients that the rows of each level tell apart."""
        return np.linalg.matrix_rank(self._products, hermitian=True)

    @property
    def variances(self) -> np.ndarray:
        """Variances of `coefs` for a y of variance one, levels × columns."""
        return np.diagonal(self._inverse, axis1=1, axis2=2)

    def coefs(self, y: np.ndarray) -> np.ndarray:
        """Levels × columns."""
        return np.einsum("lij,lj->li", self._inverse, self._sums(self.z * y[:, None]))

    def fitted(self, y: np.ndarray) -> np.ndarray:
        """The values of the regressions at the rows."""
        return np.einsum("nk,nk->n", self.z, self.coefs(y)[self.index])

    @cached_property
    def _products(self) -> np.ndarray:
        return self._sums(self.z[:, :, None] * self.z[:, None, :])

    @cached_property
    def _inverse(self) -> np.ndarray:
        return np.linalg.pinv(self._products, hermitian=True)

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of rows by level."""
        columns = values.reshape(len(values), -1).T
        sums = [np.bincount(self.index, column, self.size) for column in columns]
        return np.stack(sums, axis=-1).reshape(self.size, *values.shape[1:])
