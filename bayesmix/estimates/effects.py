"""Random effects as columns times standard normal numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from bayesmix.design import PredictorDesign
from bayesmix.design.groups import member_of
from bayesmix.predict.standard import correlation_root
from bayesmix.spec import GroupPriors


class Effects(Protocol):
    """Effects of normal distribution that rows share."""

    @property
    def name(self) -> str:
        """Their variable."""

    @property
    def columns(self) -> Mapping[str, Any]:
        """By dpar the sparse matrix, rows × effects, that they are multiplied by."""

    def root(self, values: Mapping[str, np.ndarray]) -> Any:
        """The sparse matrix that makes them of independent standard normal numbers."""

    def shaped(self, effects: np.ndarray) -> np.ndarray:
        """As the variable has them, with an axis for one sample."""


@dataclass(frozen=True)
class GroupLevels:
    """The effects of a group's levels, the coefficients of one level next to each other."""

    group: GroupPriors
    predictors: tuple[PredictorDesign, ...]

    @property
    def name(self) -> str:
        return f"r_{self.group.group.name}"

    @property
    def _shape(self) -> tuple[int, int]:
        return self.group.group.size, len(self.group.coefs)

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        found = {p.dpar: self._columns(p) for p in self.predictors}
        return {dpar: matrix for dpar, matrix in found.items() if matrix is not None}

    def _columns(self, p: PredictorDesign) -> Any:
        """The sum of what its brackets have of the group."""
        brackets = [b for b in p.groups if b.group == self.group.group.name]
        if not brackets:
            return None
        index, (levels, coefs) = self.group.group.index, self._shape
        total = sparse.csr_array((len(index), levels * coefs))
        for bracket in brackets:
            first = member_of(index, bracket.member)[:, None] * coefs
            rows = np.repeat(np.arange(len(index)), len(bracket.positions))
            at = rows, (first + bracket.positions).ravel()
            total = total + sparse.csr_array((bracket.values.ravel(), at), shape=total.shape)
        return total

    def root(self, values: Mapping[str, np.ndarray]) -> Any:
        (levels, coefs), group = self._shape, self.group.group
        strata = np.zeros(levels, int) if group.by is None else group.by.of_level
        places = np.arange(levels), np.arange(levels + 1)
        own = sparse.bsr_array((self.roots(values)[strata], *places)).tocsr()
        if group.known is None:
            return own
        return own @ sparse.kron(group.known.factor, sparse.eye_array(coefs), format="csr")

    def roots(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The Cholesky factor of the covariances of coefficients in every stratum."""
        name = self.group.group.name
        sd = values[f"sd_{name}"][0].reshape(-1, len(self.group.coefs))
        if not self.group.correlated:
            return sd[:, :, None] * np.eye(sd.shape[1])
        cor = values[f"cor_{name}"][0].reshape(len(sd), *[sd.shape[1]] * 2)
        return sd[:, :, None] * correlation_root(cor)

    def shaped(self, effects: np.ndarray) -> np.ndarray:
        return effects.reshape(1, *self._shape)


@dataclass(frozen=True)
class SmoothCoefficients:
    """The penalised coefficients of a predictor's smooths."""

    predictor: PredictorDesign

    @property
    def name(self) -> str:
        return self.predictor.target.smooth

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        return {self.predictor.dpar: sparse.csr_array(self.predictor.smooths.values)}

    def root(self, values: Mapping[str, np.ndarray]) -> Any:
        sd = values[f"sd{self.name}"][0]
        return sparse.diags_array(sd[self.predictor.smooths.block_of]).tocsr()

    def shaped(self, effects: np.ndarray) -> np.ndarray:
        return effects[None]
