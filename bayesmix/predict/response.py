"""From linear predictors to expectations, responses and log likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from bayesmix.errors import PredictionError, listed
from bayesmix.families import LINKS, Family
from bayesmix.predict.draws import Draws
from bayesmix.predict.levels import NewLevels
from bayesmix.predict.linpred import chunks, linear_predictors
from bayesmix.predict.population import Population, read_by
from bayesmix.predict.predicted import Outcome, Predicted
from bayesmix.predict.request import Request
from bayesmix.predict.rows import Rows, aux_on, response_on, rows_of
from bayesmix.predict.seeds import Seeds, make_seeds
from bayesmix.spec import IndependentRows, ModelSpec, Response

Etas = dict[str, np.ndarray]
ValuesOf = Callable[[slice, Etas], np.ndarray]
Part = tuple[slice, dict[str, np.ndarray], dict[str, np.ndarray]]
"""Rows, their dpars on the natural scale, and their addition terms."""


@dataclass(frozen=True)
class Prediction:
    """What every prediction of a response starts from: draws, rows, and effects of new levels.

    Attributes
    ----------
    spec : ModelSpec
    response : Response
    dpar : str or None
        The parameter that is predicted; None for the response.
    draws : Draws
        The chosen ones.
    rows : Rows
    new : NewLevels
    seeds : Seeds
    population : Population
        The effects that are integrated out.
    """

    spec: ModelSpec
    response: Response
    dpar: str | None
    draws: Draws
    rows: Rows
    new: NewLevels
    seeds: Seeds
    population: Population

    @classmethod
    def of(
        cls, spec: ModelSpec, draws: Draws, request: Request, dpar: str | None = None
    ) -> Prediction:
        """Choose the draws and the rows.

        Parameters
        ----------
        spec : ModelSpec
        draws : Draws
        request : Request
            Where it has a `dpar`, columns that only others use aren't needed.
        dpar : str, optional
            The one to predict where the request has none; the response by default.
        """
        response, seeds = spec.response, make_seeds(request.random_seed)
        chosen = _checked(response.family, request.dpar, dpar)
        targets = [p.target for d, p in response.predictors.items() if chosen in (d, None)]
        rows = rows_of(spec, request, targets)
        draws = draws.select(request.ndraws, request.draw_ids, seeds.stream("draws"))
        new = NewLevels.of(spec, draws, rows.located, request.new_levels, seeds)
        population = Population(new.groups, draws, rows.integrated, rows.strata)
        return cls(spec, response, chosen, draws, rows, new, seeds, population)

    @property
    def family(self) -> Family:
        return self.response.family

    def linpred(self) -> Predicted:
        """The linear predictor of a dpar, on the scale of its link."""
        link = self.family.eta_link(self.dpar)
        if self.dpar not in self.response.predictors:
            return self._constant(LINKS[link].link(self._constants[self.dpar]))
        return self._predicted(self.dpar, lambda part, etas: etas[self.dpar])

    def epred(self) -> Predicted:
        """The expected response, or a dpar on its natural scale."""
        if self.dpar is None:
            return self._predicted(self.response.data.name, self._mean, self.family.outcome)
        if self.dpar not in self.response.predictors:
            return self._constant(self._constants[self.dpar])
        return self._predicted(self.dpar, self._natural)

    def predict(self) -> Predicted:
        """Responses, drawn at random."""
        averages = self.rows.crossing.averages
        if averages and self.family.first_code is not None:
            raise PredictionError(
                "Responses in categories can't be averaged; posterior_epred has the probabilities."
            )
        rng = self.seeds.stream("response")
        drawn = partial(self._drawn, rng)
        dtype = np.int64 if self.family.discrete and not averages else float
        return self._predicted(self.response.data.name, drawn, dtype=dtype)

    def log_lik(self) -> Predicted:
        """The log likelihood of each row's response, times its weight."""

        def parts() -> Iterator[tuple[slice, np.ndarray]]:
            return ((part, logp[None]) for part, logp in self.log_lik_parts())

        return self._as("log_lik", parts)

    def log_lik_parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """`log_lik` in chunks of rows."""
        return LOG_LIK[type(self.response.likelihood)](self)

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.draws), len(self.rows)

    @property
    def observed(self) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
        """The response and its addition terms, on the rows."""
        if self.rows.newdata is None:
            return self.response.data.y, self.response.data.aux
        return response_on(self.spec, self.response, self.rows.newdata)

    @cached_property
    def _aux(self) -> Mapping[str, np.ndarray]:
        if self.rows.newdata is None:
            return self.response.data.aux
        return aux_on(self.spec, self.response, self.rows.newdata, self.family.needs)

    def _predicted(
        self,
        name: str,
        values_of: ValuesOf,
        outcome: Outcome | None = None,
        dtype: type = float,
    ) -> Predicted:
        """Values at every row, in its own clusters or averaged over those that it is crossed with.

        Parameters
        ----------
        name : str
        values_of : callable
            Samples × rows (× outcomes), from linear predictors of some rows.
        outcome : (str, tuple), optional
        dtype : type
        """
        return self._as(name, partial(self._over_clusters, values_of), outcome, dtype)

    def _as(
        self, name: str, parts: Any, outcome: Outcome | None = None, dtype: type = float
    ) -> Predicted:
        rows, about = self.rows, self.rows.about
        return Predicted(name, self.draws, rows.labels, parts, rows.crossing, about, outcome, dtype)

    def _over_clusters(self, values_of: ValuesOf) -> Iterator[tuple[slice, np.ndarray]]:
        """Chunks of rows, each with its cells of clusters."""
        cells = [[self.rows.at(levels) for levels in c] for c in self.rows.crossing.cells]
        for part in chunks(*self._shape):
            means = [self._cell_mean(values_of, part, cell) for cell in cells]
            yield part, means[0][None] if len(means) == 1 else np.stack(means)

    def _cell_mean(self, values_of: ValuesOf, part: slice, cell: Sequence[Rows]) -> np.ndarray:
        """The mean over the clusters of a cell, on some rows."""
        total = 0.0
        for rows in cell:
            values = values_of(part, linear_predictors(self.draws, rows, self.new, part))
            if len(cell) == 1:
                return values
            total = total + values
        return total / len(cell)

    def _mean(self, part: slice, etas: Etas) -> np.ndarray:
        """The expected response."""
        aux = self._aux_of(part)

        def mean(etas: Etas) -> np.ndarray:
            return self.family.mean(self.parameters(etas), aux)

        if not self.rows.integrated:
            return mean(etas)
        uses = read_by(self.family.mean, self.parameters(etas), aux)
        return self.population.mean(mean, etas, part, uses, self._links, self.family.linear)

    def _natural(self, part: slice, etas: Etas) -> np.ndarray:
        """A parameter with a formula, on its natural scale."""
        inverse = LINKS[self.family.eta_link(self.dpar)].inverse
        one = (self.dpar,)

        def value(etas: Etas) -> np.ndarray:
            return inverse(etas[self.dpar])

        return self.population.mean(value, etas, part, one, self._links, one)

    def _drawn(self, rng: np.random.Generator, part: slice, etas: Etas) -> np.ndarray:
        """Responses of rows."""
        etas = self.population.deviate(rng, etas, part)
        p, aux = self.parameters(etas), self._aux_of(part)
        shape, vectors = next(iter(etas.values())).shape, {v.name for v in self.family.vectors}
        shaped = {d: np.broadcast_to(v, shape) for d, v in p.items() if d not in vectors}
        return self.family.random(rng, p | shaped, aux)

    def _constant(self, values: np.ndarray) -> Predicted:
        """A parameter without a formula, the same at every row."""

        def parts() -> Iterator[tuple[slice, np.ndarray]]:
            for part in chunks(*self._shape):
                shape = len(self.rows.crossing.cells), len(self.draws), part.stop - part.start
                yield part, np.broadcast_to(values, shape)

        return self._as(self.dpar, parts)

    @property
    def _links(self) -> dict[str, str]:
        return {d: self.family.eta_link(d) for d in self.response.predictors}

    def parts(self, aux: Mapping[str, np.ndarray]) -> Iterator[Part]:
        """Rows in chunks: parameters on the natural scale and addition terms of each.

        A probability with a formula comes with its log odds too, exact in the tails
        (`Family.natural`).
        """
        for part in chunks(*self._shape):
            etas = linear_predictors(self.draws, self.rows, self.new, part)
            here = {name: v[part] for name, v in aux.items()}
            yield part, self.parameters(etas), here

    def parameters(self, etas: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All parameters on their natural scale, from linear predictors."""
        return self._constants | self.family.natural(etas)

    def _aux_of(self, part: slice) -> dict[str, np.ndarray]:
        return {name: v[part] for name, v in self._aux.items()}

    @cached_property
    def _constants(self) -> dict[str, np.ndarray]:
        """The parameters without a formula, ``(sample, 1)`` or ``(sample, 1, value)``."""
        family, predictors = self.family, self.response.predictors
        fixed = {d.name: d.fixed for d in family.dpars if d.fixed is not None}
        names = [*family.free_dpars, *(v.name for v in family.vectors)]
        own = {name: self.draws[name][:, None] for name in names if name not in predictors}
        return {name: np.full((len(self.draws), 1), v) for name, v in fixed.items()} | own


def _independent_rows(prediction: Prediction) -> Iterator[tuple[slice, np.ndarray]]:
    y, all_aux = prediction.observed
    for part, p, aux in prediction.parts(all_aux):
        logp = prediction.family.logp(y[part], p, aux)
        yield part, logp * aux.get("weights", 1.0)


LOG_LIK = {IndependentRows: _independent_rows}
"""The log likelihood of rows under each kind of likelihood."""


def _checked(family: Family, asked: Any, otherwise: str | None) -> str | None:
    """The parameter to predict; PredictionError if the family doesn't have it."""
    if asked is None:
        return otherwise
    if not isinstance(asked, str) or asked not in family.dpar_names:
        raise PredictionError(
            f"There is no dpar {asked!r}; family {family.name!r} has {listed(family.dpar_names)}."
        )
    return asked
