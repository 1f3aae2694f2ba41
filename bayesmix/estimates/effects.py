"""Random effects as columns times standard normal numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from bayesmix.design import PredictorDesign, Regions, Residuals
from bayesmix.design.drawn import multiplied
from bayesmix.design.groups import member_of
from bayesmix.estimates.rows import colouring
from bayesmix.priors import car
from bayesmix.priors.lkj import correlation_root
from bayesmix.spec import GroupPriors

Values = Mapping[str, np.ndarray]
ALL = slice(None)


@dataclass(frozen=True)
class Given:
    """What contributions ask for: values of parameters, but no effects."""

    values: Values
    etas: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]


def population(p: PredictorDesign, values: Values) -> np.ndarray:
    """The columns of all coefficients, those of monotonic effects times their steps."""
    columns = p.columns.values.copy() if p.monotonic else p.columns.values
    for c in p.monotonic:
        for at, x, steps in c.of_coefficients:
            columns[:, at] = multiplied(x, steps, Given(values), ALL)
    return columns


class Effects(Protocol):
    """Effects of normal distribution that rows share."""

    @property
    def name(self) -> str:
        """Their variable."""

    @property
    def dpars(self) -> tuple[str, ...]:
        """The predictors that they are in."""

    @property
    def size(self) -> int:
        """How many standard normal numbers they are made of."""

    def columns(self, values: Values) -> Mapping[str, Any]:
        """By dpar the sparse matrix, rows × effects, that they are multiplied by."""

    def root(self, values: Values) -> Any:
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

    @cached_property
    def dpars(self) -> tuple[str, ...]:
        name = self.group.group.name
        return tuple(p.dpar for p in self.predictors if any(b.group == name for b in p.groups))

    @property
    def size(self) -> int:
        return int(np.prod(self._shape))

    @property
    def _shape(self) -> tuple[int, int]:
        return self.group.group.size, len(self.group.coefs)

    @cached_property
    def _stepped(self) -> bool:
        """Whether columns hang on values, as those with monotonic effects do."""
        return any(b.drawn for p in self.predictors for b in p.groups)

    @cached_property
    def _fixed(self) -> Mapping[str, Any]:
        return self._at({})

    def columns(self, values: Values) -> Mapping[str, Any]:
        return self._at(values) if self._stepped else self._fixed

    def _at(self, values: Values) -> Mapping[str, Any]:
        return {p.dpar: self._columns(p, values) for p in self.predictors if p.dpar in self.dpars}

    def _columns(self, p: PredictorDesign, values: Values) -> Any:
        """The sum of what its brackets have of the group."""
        brackets = [b for b in p.groups if b.group == self.group.group.name]
        index, (levels, coefs) = self.group.group.index, self._shape
        total = sparse.csr_array((len(index), levels * coefs))
        for bracket in brackets:
            first = member_of(index, bracket.member)[:, None] * coefs
            rows = np.repeat(np.arange(len(index)), len(bracket.positions))
            at = rows, (first + bracket.positions).ravel()
            places, own = range(len(bracket.positions)), Given(values)
            columns = [bracket.column(k, own, ALL).reshape(-1) for k in places]
            entries = np.stack(columns, axis=1).ravel()
            total = total + sparse.csr_array((entries, at), shape=total.shape)
        return total

    def root(self, values: Values) -> Any:
        (levels, coefs), group = self._shape, self.group.group
        strata = np.zeros(levels, int) if group.by is None else group.by.of_level
        places = np.arange(levels), np.arange(levels + 1)
        own = sparse.bsr_array((self.roots(values)[strata], *places)).tocsr()
        if group.known is None:
            return own
        return own @ sparse.kron(group.known.factor, sparse.eye_array(coefs), format="csr")

    def roots(self, values: Values) -> np.ndarray:
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

    @property
    def dpars(self) -> tuple[str, ...]:
        return (self.predictor.dpar,)

    @property
    def size(self) -> int:
        return self.predictor.smooths.values.shape[1]

    @cached_property
    def _columns(self) -> Mapping[str, Any]:
        return {self.predictor.dpar: sparse.csr_array(self.predictor.smooths.values)}

    def columns(self, values: Values) -> Mapping[str, Any]:
        return self._columns

    def root(self, values: Values) -> Any:
        sd = values[f"sd{self.name}"][0]
        return sparse.diags_array(sd[self.predictor.smooths.block_of]).tocsr()

    def shaped(self, effects: np.ndarray) -> np.ndarray:
        return effects[None]


@dataclass(frozen=True)
class RegionEffects:
    """The effects of regions that resemble those of neighbours."""

    dpar: str
    regions: Regions

    @property
    def name(self) -> str:
        return self.regions.named("rcar")

    @property
    def dpars(self) -> tuple[str, ...]:
        return (self.dpar,)

    @cached_property
    def size(self) -> int:
        return car.root(self.regions, 0.5).shape[1]

    @cached_property
    def _columns(self) -> Mapping[str, Any]:
        index = self.regions.index
        at, shape = (np.arange(len(index)), index), (len(index), self.regions.neighbours.size)
        return {self.dpar: sparse.csr_array((np.ones(len(index)), at), shape=shape)}

    def columns(self, values: Values) -> Mapping[str, Any]:
        return self._columns

    def root(self, values: Values) -> Any:
        regions = self.regions
        share = float(values[regions.named(regions.share)][0]) if regions.share else 0.0
        sd = float(values[regions.named("sdcar")][0])
        return sparse.csr_array(sd * car.root(regions, share))

    def shaped(self, effects: np.ndarray) -> np.ndarray:
        return effects[None]


@dataclass(frozen=True)
class LatentErrors:
    """The residuals of a linear predictor, one of each row."""

    dpar: str
    residuals: Residuals

    @property
    def name(self) -> str:
        return self.residuals.target.called("err")

    @property
    def dpars(self) -> tuple[str, ...]:
        return (self.dpar,)

    @property
    def size(self) -> int:
        return len(self.residuals.series.codes)

    def columns(self, values: Values) -> Mapping[str, Any]:
        return {self.dpar: sparse.eye_array(self.size, format="csr")}

    def root(self, values: Values) -> Any:
        sd = float(values[self.residuals.target.called("sderr")][0])
        return sd * colouring(self.residuals, values)

    def shaped(self, effects: np.ndarray) -> np.ndarray:
        return effects[None]
