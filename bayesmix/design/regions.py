"""Effects of regions that resemble those of their neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import Use, first_row, label_codes, label_key, uses_of
from bayesmix.design.contributions import Values
from bayesmix.design.groups import Group, build_group, label_of
from bayesmix.design.neighbours import SOFT, Neighbours, build_neighbours
from bayesmix.errors import FormulaError, PredictionError, did_you_mean, listed
from bayesmix.formula.tree import CarTerm, Predictor
from bayesmix.parameters import Parameter, Role, Slot, Target, Transform, labels

VARIABLES = ("sdcar", "car", "rhocar", "zcar", "rcar")
"""What brms calls the standard deviation, the dependence of ``escar``, the spatial share of
``bym2``, its spatial part, and the effects."""


@dataclass(frozen=True)
class Regions:
    """What each row's region adds to a predictor.

    Attributes
    ----------
    term : CarTerm
    target : Target
    group : Group
        The regions of the fit.
    neighbours : Neighbours
    index : ndarray of int
        The region of each row.
    """

    term: CarTerm
    target: Target
    group: Group
    neighbours: Neighbours
    index: np.ndarray

    @property
    def proper(self) -> bool:
        """Whether the effects have a level of their own."""
        return self.term.type == "escar"

    @property
    def share(self) -> str:
        """What it has beside a standard deviation; nothing if it hasn't."""
        return {"escar": "car", "bym2": "rhocar"}.get(self.term.type, "")

    @property
    def slack(self) -> float:
        """Standard deviation of the effects' mean before they are scaled; 0 for none."""
        return 0.0 if self.term.type == "esicar" else SOFT

    @property
    def values(self) -> np.ndarray:
        """The number of each row's region."""
        return self.index.astype(float)

    def named(self, what: str) -> str:
        """A variable of the posterior."""
        return self.target.called(what)

    @property
    def parameters(self) -> Iterator[Parameter]:
        """What they are made of, then the effects."""
        dpar = self.target.dpar
        sd = (Slot("sdcar", dpar, lower=0.0),)
        yield Parameter(self.named("sdcar"), Role.REGIONS_SD, self.target, slots=sd)
        if self.share:
            slot = Slot(self.share, dpar, lower=0.0, upper=1.0)
            name = self.named(self.share)
            yield Parameter(name, Role.REGIONS_SHARE, self.target, slots=(slot,))
        axes = (self.group.name,), (labels(self.group.levels),)
        if self.term.type == "bym2":
            yield Parameter(self.named("zcar"), Role.SPATIAL, self.target, *axes)
        rcar, made = self.named("rcar"), Transform.STANDARDISED
        yield Parameter(rcar, Role.REGIONS, self.target, *axes, transform=made)

    def uses(self, source: str) -> list[Use]:
        return uses_of(self.term.columns, source)

    def on(self, frame: pd.DataFrame) -> Regions:
        return replace(self, index=_located(self.group, frame[self.group.name]))

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        eta += values[self.named("rcar")][:, self.index[rows]]


def build_regions(
    predictor: Predictor, target: Target, frame: pd.DataFrame, data2: Mapping[str, Any]
) -> tuple[Regions, ...]:
    """The spatial effects of a predictor: one, or none.

    Raises
    ------
    FormulaError
        If there are several, or ``data2`` hasn't the matrix.
    DataError
        If the matrix is none of neighbours of the regions.
    """
    if len(predictor.cars) > 1:
        raise FormulaError(
            "A predictor can have one car().", predictor.source, predictor.cars[1].span
        )
    return tuple(_regions(term, predictor.source, target, frame, data2) for term in predictor.cars)


def _regions(
    term: CarTerm, source: str, target: Target, frame: pd.DataFrame, data2: Mapping[str, Any]
) -> Regions:
    group = build_group((term.regions.name,), None, frame)
    keys = tuple(map(label_of, group.keys))
    connected = term.type != "escar"
    neighbours = build_neighbours(term.matrix, group.name, keys, data2, source, connected)
    return Regions(term, target, group, neighbours, group.index)


def _located(group: Group, column: pd.Series) -> np.ndarray:
    """The regions of rows of new data."""
    codes, found = label_codes(column)
    places = np.array([group.positions.get(label_key(v), -1) for v in found], np.int64)
    unknown = pd.Series(places[codes] < 0, index=column.index)
    if unknown.any():
        region = found[(places < 0).argmax()]
        raise PredictionError(
            f"Region {region!r} of {group.name!r} in row {first_row(unknown)} is not one of the "
            f"fit.{did_you_mean(str(region), map(str, group.levels))} It knows "
            f"{listed(group.levels)}; effects of others are not defined."
        )
    return places[codes]
