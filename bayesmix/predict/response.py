"""From linear predictors to expectations, responses and log likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.design import Expression, VarianceFunction
from bayesmix.design.contributions import only
from bayesmix.errors import PredictionError, listed
from bayesmix.families import LINKS, Family
from bayesmix.families.mixture import memberships
from bayesmix.likelihood import CorrelatedRows, IndependentRows, LaggedRows, SpatialRows
from bayesmix.parameters import MAIN
from bayesmix.predict import imputed, spatial
from bayesmix.predict.draws import Draws
from bayesmix.predict.imputed import with_imputed
from bayesmix.predict.levels import NewLevels
from bayesmix.predict.linpred import linear_predictors
from bayesmix.predict.measured import with_true_values
from bayesmix.predict.neighbours import Neighbours
from bayesmix.predict.population import Population, read_by
from bayesmix.predict.predicted import Outcome, Predicted
from bayesmix.predict.request import Request
from bayesmix.predict.rows import Rows, aux_on, response_on, rows_of
from bayesmix.predict.seeds import Seeds, make_seeds
from bayesmix.predict.serial import (
    FIT,
    GIVEN,
    correlated_draws,
    correlated_log_lik,
    correlated_mean,
    lagged_draws,
    lagged_etas,
    marginal_scale,
)
from bayesmix.spec import ModelSpec, Response

Etas = dict[str, np.ndarray]
ValuesOf = Callable[[slice, Etas], np.ndarray]
Chunk = Callable[[slice], np.ndarray]
"""Values of some rows: cells of clusters × samples × rows (× outcomes)."""


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
    fitted : Rows
        Those of the fit, which may say something of others.
    autocor : bool
        Whether what other rows say of a row counts.
    """

    spec: ModelSpec
    response: Response
    dpar: str | None
    draws: Draws
    rows: Rows
    new: NewLevels
    seeds: Seeds
    population: Population
    fitted: Rows
    autocor: bool

    @classmethod
    def of(
        cls, spec: ModelSpec, draws: Draws, request: Request, dpar: str | None = None
    ) -> Prediction:
        """Choose the draws and the rows.

        Parameters
        ----------
        spec : ModelSpec
            Of one response, or of several of which the request names one.
        draws : Draws
        request : Request
            Where it has a `dpar`, columns that only others use aren't needed.
        dpar : str, optional
            The one to predict where the request has none; the response by default.
        """
        spec = spec.of(request.resp)
        response, seeds = spec.response, make_seeds(request.random_seed)
        chosen = _checked(response.family, request.dpar, dpar)
        wanted = _those(response, chosen)
        targets = [p.target for d, p in response.predictors.items() if d in wanted]
        rows = rows_of(spec, request, targets)
        draws = draws.select(request.ndraws, request.draw_ids, seeds.stream("draws"))
        draws = with_true_values(draws, rows.measured, seeds)
        if spec.gaps:
            contributions = [c for cs in rows.predictors.values() for c in cs]
            draws = with_imputed(spec, draws, contributions, request, seeds, cls._drawn_of)
        new = NewLevels.of(spec, draws, rows.located, request.new_levels, seeds)
        following = {
            t.dpar: found
            for t, cs in rows.predictors.items()
            if (found := tuple(c for c in only((Expression, VarianceFunction), cs) if c.follows))
        }
        population = Population(
            new.groups, draws, rows.integrated, rows.strata, rows.together, following
        )
        fitted = rows
        if rows.newdata is not None and type(response.likelihood) in TOGETHER:
            fitted = rows_of(spec, request.on_the_fit, targets)
        autocor = request.autocor
        return cls(spec, response, chosen, draws, rows, new, seeds, population, fitted, autocor)

    @classmethod
    def _drawn_of(cls, spec: ModelSpec, draws: Draws, request: Request) -> np.ndarray:
        """New responses, samples × rows."""
        return cls.of(spec, draws, request).predict().values()[0]

    @property
    def family(self) -> Family:
        return self.response.family

    @property
    def labels(self) -> pd.Index:
        """Those of the rows."""
        return self.rows.labels

    def linpred(self) -> Predicted:
        """The linear predictor of a dpar, on the scale of its link."""
        if self.dpar == MAIN and self.family.main_outcome is not None:
            mains = self.family.main
            return self._predicted(
                MAIN,
                lambda part, etas: np.stack([etas[d] for d in mains], axis=-1),
                self.family.main_outcome,
            )
        if self.dpar == MAIN and self.family.specific:
            own = self.family.specific
            return self._predicted(
                MAIN,
                lambda part, etas: etas[MAIN][..., None] + np.stack([etas[d] for d in own], -1),
                ("threshold", self.family.vectors[0].labels),
            )
        link = self.family.eta_link(self.dpar)
        if self.dpar not in self.response.predictors:
            return self._constant(LINKS[link].link(self._constants[self.dpar]))
        return self._predicted(self.dpar, self._eta)

    def epred(self) -> Predicted:
        """The expected response, or a dpar on its natural scale."""
        if self.dpar is None and isinstance(self.response.likelihood, SpatialRows):
            return self._together(self.response.data.name, partial(spatial.mean, self))
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

        if isinstance(self.response.likelihood, SpatialRows):
            rng = self.stream("response")
            return self._together(self.response.data.name, partial(spatial.drawn, self, rng))

        def chunk(part: slice) -> np.ndarray:
            if self.autocor and type(self.response.likelihood) in DRAWS:
                return DRAWS[type(self.response.likelihood)](self, part)[None]
            # A stream of its own, so that it doesn't matter in which order chunks are made.
            rng = self.stream("response", str(part.start))
            return self.in_cells(partial(self._drawn, rng), part)

        dtype = np.int64 if self.family.discrete and not averages else float
        outcome = self.family.outcome if self.family.columns else None
        return self._as(self.response.data.name, chunk, outcome, dtype)

    def stream(self, *purpose: str) -> np.random.Generator:
        """The response's own, for a purpose."""
        own = (self.response.name,) if self.response.name else ()
        return self.seeds.stream(*purpose, *own)

    def log_lik(self, given: str = "others") -> Predicted:
        """The log likelihood of each row's response, times its weight.

        Of rows that hang together it is conditional on the ``"others"`` of a group, on those
        before, its ``"past"``, or on those that the ``"fit"`` has.
        """
        if not isinstance(given, str) or given not in (*GIVEN, FIT):
            raise PredictionError(f"kind must be one of {listed([*GIVEN, FIT])}, not {given!r}.")
        logp = LOG_LIK[type(self.response.likelihood)](self, given)
        return self._as("log_lik", lambda part: logp(part)[None])

    def memberships(self) -> Predicted:
        """The probability that each row's response came of each component of a mixture.

        Raises
        ------
        PredictionError
            For other families.
        """
        if not self.family.parts:
            raise PredictionError(
                f"Family {self.family.name!r} is no mixture, so responses have no components."
            )
        y, all_aux = self.observed

        def values(part: slice, etas: Etas) -> np.ndarray:
            aux = {name: v[part] for name, v in all_aux.items()}
            return memberships(self.family, y[part], self.parameters(etas), aux)

        return self._predicted("membership", values, self.family.main_outcome)

    def log_lik_by_group(self) -> xr.DataArray:
        """The joint log likelihood of the rows of each group that hangs together.

        Raises
        ------
        PredictionError
            If rows don't hang together, or newdata has some rows of a group of the fit.
        """
        if type(self.response.likelihood) not in TOGETHER:
            raise PredictionError("kind='group' is for models whose residuals are correlated.")
        near = self.neighbours
        if self.rows.newdata is not None and (near.known.any() or len(near.history)):
            raise PredictionError(
                "kind='group' is of whole groups: those of the fit, or groups that it hasn't. "
                "Rows of a group of the fit are kind='past'."
            )
        codes, labels = near.groups
        rows = self.log_lik("past")
        return rows.labelled(rows.sums(codes, len(labels)), {"group": pd.Index(labels)})

    def joint_log_lik(self) -> np.ndarray:
        """The log likelihood of all rows together, one value a draw."""
        if isinstance(self.response.likelihood, SpatialRows):
            return spatial.joint(self, self.all_etas())
        if self.response.data.missing is not None:
            return imputed.joint_log_lik(self, _of_values(self))
        return self.log_lik("past").sums(np.zeros(len(self.rows), int), 1)[0, :, 0]

    def all_etas(self) -> Etas:
        """The linear predictors of all rows at once."""
        return linear_predictors(self.draws, self.rows, self.new, slice(0, len(self.rows)))

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

    @cached_property
    def _mean_aux(self) -> Mapping[str, np.ndarray]:
        """What the mean needs, which may be less."""
        needs = self.family.mean_needs
        if needs is None or self.rows.newdata is None:
            return self._aux
        return aux_on(self.spec, self.response, self.rows.newdata, needs)

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
        return self._as(name, partial(self.in_cells, values_of), outcome, dtype)

    def _together(self, name: str, values_of: Callable[[Etas], np.ndarray]) -> Predicted:
        """Values of rows that hang together: all are made at once."""
        every = slice(0, len(self.rows))
        made = self.in_cells(lambda part, etas: values_of(etas), every)
        return self._as(name, lambda part: made[:, :, part])

    def _as(
        self, name: str, chunk: Chunk, outcome: Outcome | None = None, dtype: type = float
    ) -> Predicted:
        rows, about = self.rows, self.rows.about
        return Predicted(name, self.draws, rows.labels, chunk, rows.crossing, about, outcome, dtype)

    def in_cells(self, values_of: ValuesOf, part: slice) -> np.ndarray:
        """Some rows, in each cell of clusters."""
        means = [self._cell_mean(values_of, part, cell) for cell in self._cells]
        return means[0][None] if len(means) == 1 else np.stack(means)

    @cached_property
    def _cells(self) -> list[list[Rows]]:
        """The rows in every cluster of every cell."""
        return [[self.rows.at(levels) for levels in c] for c in self.rows.crossing.cells]

    def _cell_mean(self, values_of: ValuesOf, part: slice, cell: Sequence[Rows]) -> np.ndarray:
        """The mean over the clusters of a cell, on some rows."""
        total = 0.0
        for rows in cell:
            values = values_of(part, self.etas(rows, part))
            if len(cell) == 1:
                return values
            total = total + values
        return total / len(cell)

    def etas(self, rows: Rows, part: slice) -> Etas:
        """Linear predictors of some rows."""
        if self.autocor and isinstance(self.response.likelihood, LaggedRows):
            return lagged_etas(self, part)
        return linear_predictors(self.draws, rows, self.new, part)

    @cached_property
    def neighbours(self) -> Neighbours:
        return Neighbours.of(self)

    def _mean(self, part: slice, etas: Etas) -> np.ndarray:
        """The expected response."""
        aux = {name: v[part] for name, v in self._mean_aux.items()}
        if self._forecasts:
            return correlated_mean(self, part, self.parameters(etas))

        def mean(etas: Etas) -> np.ndarray:
            return self.family.mean(self.parameters(etas), aux)

        if not self.rows.integrated:
            return mean(etas)
        uses = read_by(self.family.mean, self.parameters(etas), aux)
        return self.population.mean(mean, etas, part, uses, self._links, self.family.linear)

    @cached_property
    def _forecasts(self) -> bool:
        """Whether known residuals say something of rows that the fit hasn't."""
        own = self.autocor and isinstance(self.response.likelihood, CorrelatedRows)
        one = len(self._cells) == 1 and len(self._cells[0]) == 1 and not self.rows.integrated
        return own and one and self.rows.newdata is not None and self.neighbours.has_news

    def _eta(self, part: slice, etas: Etas) -> np.ndarray:
        """A linear predictor; its mean over effects where it is a function of others."""
        if not self.response.predictors[self.dpar].follows:
            return etas[self.dpar]
        one, links = (self.dpar,), dict.fromkeys(etas, "identity")
        return self.population.mean(lambda etas: etas[self.dpar], etas, part, one, links, one)

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
        p, aux = self.parameters(etas), {name: v[part] for name, v in self._aux.items()}
        if isinstance(self.response.likelihood, CorrelatedRows):
            p |= {"sigma": p["sigma"] * marginal_scale(self)}
        shape, vectors = next(iter(etas.values())).shape, {v.name for v in self.family.vectors}
        shaped = {d: np.broadcast_to(v, shape) for d, v in p.items() if d not in vectors}
        return self.family.random(rng, p | shaped, aux)

    def _constant(self, values: np.ndarray) -> Predicted:
        """A parameter without a formula, the same at every row."""
        cells, samples = len(self.rows.crossing.cells), len(self.draws)

        def chunk(part: slice) -> np.ndarray:
            return np.broadcast_to(values, (cells, samples, part.stop - part.start))

        return self._as(self.dpar, chunk)

    @property
    def _links(self) -> dict[str, str]:
        return {d: self.family.eta_link(d) for d in self.response.predictors}

    def parameters(self, etas: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All parameters on their natural scale, from linear predictors.

        A probability with a formula comes with its log odds too, exact in the tails
        (`Family.natural`).
        """
        return self.family.complete(self._constants, etas)

    @cached_property
    def _constants(self) -> dict[str, np.ndarray]:
        """The parameters without a formula, ``(sample, 1)`` or ``(sample, 1, value)``."""
        fixed = {d.name: d.fixed for d in self.family.dpars if d.fixed is not None}
        own = {n: self.draws[v][:, None] for n, v in self.response.variables.items()}
        return {name: np.full((len(self.draws), 1), v) for name, v in fixed.items()} | own


def _independent_rows(prediction: Prediction, given: str) -> Callable[[slice], np.ndarray]:
    logp = _of_values(prediction)
    return logp if prediction.response.data.missing is None else imputed.log_lik(prediction, logp)


def _of_values(prediction: Prediction) -> Callable[[slice], np.ndarray]:
    """That of the values of rows, of which some may be parameters."""
    y, (_, all_aux) = imputed.values(prediction), prediction.observed

    def log_lik(part: slice) -> np.ndarray:
        etas = prediction.etas(prediction.rows, part)
        aux = {name: v[part] for name, v in all_aux.items()}
        logp = prediction.family.logp(y(part), prediction.parameters(etas), aux)
        return logp * aux["weights"] if "weights" in aux else logp

    return log_lik


def _spatial_rows(prediction: Prediction, given: str) -> Callable[[slice], np.ndarray]:
    values = spatial.log_lik(prediction, prediction.all_etas())
    return lambda part: values[:, part]


LOG_LIK = {
    IndependentRows: _independent_rows,
    LaggedRows: _independent_rows,
    SpatialRows: _spatial_rows,
    CorrelatedRows: correlated_log_lik,
}
"""The log likelihood of rows under each kind of likelihood, given others where rows hang
together."""

DRAWS = {CorrelatedRows: correlated_draws, LaggedRows: lagged_draws}
"""Responses that are drawn by group."""

TOGETHER = (LaggedRows, CorrelatedRows)
"""The likelihoods under which rows say something of others."""


def _those(response: Response, chosen: str | None) -> tuple[str, ...]:
    """The parameters that are needed for one, or for the response."""
    family, predictors = response.family, response.predictors
    if chosen is None:
        return family.dpar_names
    named = (*family.main, *family.specific) if chosen == MAIN else (chosen,)
    needed = dict.fromkeys(named)
    for dpar in reversed(predictors):
        needed |= dict.fromkeys(predictors[dpar].follows if dpar in needed else ())
    return tuple(needed)


def _checked(family: Family, asked: Any, otherwise: str | None) -> str | None:
    """The parameter to predict; PredictionError if the family doesn't have it."""
    if asked is None:
        return otherwise
    if not isinstance(asked, str) or asked not in family.dpar_names:
        raise PredictionError(
            f"There is no dpar {asked!r}; family {family.name!r} has {listed(family.dpar_names)}."
        )
    return family.dpar(asked).same_as or asked
