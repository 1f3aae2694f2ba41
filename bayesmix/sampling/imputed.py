"""Values of responses that are parameters, drawn from the prior: given all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayesmix.design.contributions import linear_predictor
from bayesmix.parameters import Parameter
from bayesmix.spec import ModelSpec

Values = dict[str, np.ndarray]


def imputed_values(
    rng: np.random.Generator, draws: int, spec: ModelSpec, p: Parameter, before: Values
) -> Values:
    """Responses of those rows, from their predictors' draws."""
    part = spec.of(p.owner.resp or None)
    response, rows = part.response, part.response.data.latent
    values = PriorValues(part, before, rows)
    for target, predictor in part.predictors.items():
        shape = draws, len(rows)
        contributions = predictor.contributions
        values.etas[target.dpar] = linear_predictor(contributions, values, shape, rows)
    family = response.family
    fixed = {d.name: np.full((draws, 1), d.fixed) for d in family.dpars if d.fixed is not None}
    own = {name: before[v][:, None] for name, v in response.variables.items()}
    natural = family.complete(fixed | own, values.etas)
    aux = {name: v[rows] for name, v in response.data.aux.items()}
    shaped = {name: np.broadcast_to(v, (draws, len(rows))) for name, v in natural.items()}
    return {p.name: family.random(rng, shaped, aux)}


@dataclass(frozen=True)
class PriorValues:
    """What contributions ask for: draws from the prior, on some rows of the fit."""

    spec: ModelSpec
    drawn: Values
    rows: np.ndarray
    etas: dict[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.drawn[name]

    def effects(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        """Effects, coefficients × samples × levels, and the level of each row."""
        index = self.spec.design.group(group).index[self.rows]
        return np.moveaxis(self.drawn[f"r_{group}"], 2, 0), index

    def once(self, name: str, make: Callable[[Callable[[int], np.ndarray]], Any]) -> Any:
        """Nothing is new on the rows of the fit."""
        raise KeyError(name)
