"""The log likelihood of rows at their linear predictors, with slopes and curvature.

Of normal responses it is quadratic in the predictor of the mean, whatever whitens the rows: their
scales, addition terms and the correlation of residuals all come in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from bayesmix.correlations import Layout
from bayesmix.design import Residuals
from bayesmix.likelihood import CorrelatedRows, SpatialRows
from bayesmix.parameters import MAIN
from bayesmix.spec import Response

Values = Mapping[str, np.ndarray]
"""Values of parameters by the names of their variables, with an axis for one sample."""
Etas = Mapping[str, np.ndarray]
"""Linear predictors by dpar, one value a row."""

STEP = 0.01
"""Of the differences that stand for derivatives, in units of a predictor."""
SLOPES = ((-2, 1.0), (-1, -8.0), (1, 8.0), (2, -1.0))
CURVATURES = ((-2, -1.0), (-1, 16.0), (0, -30.0), (1, 16.0), (2, -1.0))
"""Central differences of fourth order, in twelfths."""


@dataclass(frozen=True)
class Local:
    """The log likelihood near some linear predictors.

    Attributes
    ----------
    logp : float
    slopes : dict of str to ndarray
        Its derivative by each row's predictor, by dpar.
    precisions : dict of pairs of str to sparse array
        Its negative second derivatives, rows × rows, by two dpars.
    """

    logp: float
    slopes: dict[str, np.ndarray]
    precisions: dict[tuple[str, str], Any]


class Rows(Protocol):
    """The rows of a response."""

    def near(self, etas: Etas, values: Values) -> Local:
        """The log likelihood near the predictors of all dpars with one."""


@dataclass(frozen=True)
class NormalRows:
    """Rows of a normal response, whose mean is its linear predictor."""

    response: Response

    def near(self, etas: Etas, values: Values) -> Local:
        sigma = self.sigma(etas, values)
        root, log_scale = self.whitened(sigma, values)
        white = root @ self.residuals(etas, values)
        weights = self._weights(sigma)
        logp = -0.5 * white @ white - weights @ (log_scale + 0.5 * np.log(2 * np.pi))
        return Local(logp, {MAIN: root.T @ white}, {(MAIN, MAIN): root.T @ root})

    def residuals(self, etas: Etas, values: Values) -> np.ndarray:
        """The response less its mean."""
        return self.response.data.y - etas[MAIN]

    def whitened(self, sigma: np.ndarray, values: Values) -> tuple[Any, np.ndarray]:
        """What makes residuals standard normal, and the logarithms of the rows' scales."""
        return sparse.diags_array(np.sqrt(self._weights(sigma)) / sigma).tocsr(), np.log(sigma)

    def sigma(self, etas: Etas, values: Values) -> np.ndarray:
        """The scale of each row."""
        data, family = self.response.data, self.response.family
        p = natural(self.response, etas, values)
        p = p if family.adjust is None else family.adjust(p, data.aux)
        return np.broadcast_to(p["sigma"], (1, len(data.y)))[0].astype(float)

    def _weights(self, sigma: np.ndarray) -> np.ndarray:
        return self.response.data.aux.get("weights", np.ones(len(sigma)))


@dataclass(frozen=True)
class NormalSeries(NormalRows):
    """Those whose residuals are correlated within groups."""

    def whitened(self, sigma: np.ndarray, values: Values) -> tuple[Any, np.ndarray]:
        root, log_scale = whitening(self.response.likelihood.residuals, values)
        return root @ sparse.diags_array(1 / sigma), log_scale + np.log(sigma)


@dataclass(frozen=True)
class NormalPlaces(NormalRows):
    """Those that hang on each other by spatial weights.

    Source: Anselin, L. (1988), Spatial Econometrics: Methods and Models, chapter 6.
    """

    def residuals(self, etas: Etas, values: Values) -> np.ndarray:
        if self._lag:
            return self._filter(values) @ self.response.data.y - etas[MAIN]
        return super().residuals(etas, values)

    def whitened(self, sigma: np.ndarray, values: Values) -> tuple[Any, np.ndarray]:
        root, log_scale = super().whitened(sigma, values)
        places = self.response.likelihood
        determinant = places.weights.log_determinant(values[places.name])[0]
        root = root if self._lag else root @ self._filter(values)
        return root, log_scale - determinant / len(sigma)

    @property
    def _lag(self) -> bool:
        return self.response.likelihood.type == "lag"

    def _filter(self, values: Values) -> Any:
        places = self.response.likelihood
        one = sparse.eye_array(places.weights.size, format="csr")
        return one - values[places.name][0] * places.weights.sparse


def normal_rows(response: Response) -> NormalRows:
    """The rows of a normal response, however they hang together."""
    kinds = {CorrelatedRows: NormalSeries, SpatialRows: NormalPlaces}
    return kinds.get(type(response.likelihood), NormalRows)(response)


def whitening(residuals: Residuals, values: Values) -> tuple[Any, np.ndarray]:
    """The matrix that makes correlated residuals of scale 1 independent, and log scales of rows.

    Its columns are what comes of a residual of 1, for every group's first row, second, … at once.
    """
    layout, given = residuals.layout, residuals.given(values)
    white, scale = residuals.correlation.whiten(given, _impulses(layout), layout, np)
    log_scale = np.broadcast_to(np.log(scale[:1]), (1, *layout.rows.shape))
    return _of_impulses(layout, white), layout.in_rows(log_scale)[0]


def colouring(residuals: Residuals, values: Values) -> Any:
    """The matrix that makes correlated residuals of scale 1 of independent numbers."""
    layout, given = residuals.layout, residuals.given(values)
    made = residuals.correlation.colour(given, _impulses(layout), layout, np)
    return _of_impulses(layout, made)


def _impulses(layout: Layout) -> np.ndarray:
    return np.eye(len(layout.rows))[:, :, None] * layout.mask


def _of_impulses(layout: Layout, made: np.ndarray) -> Any:
    """The sparse matrix, rows × rows, of what comes of a 1 in each row."""
    t, position, group = np.nonzero(made)
    at, size = (layout.rows[position, group], layout.rows[t, group]), int(layout.mask.sum())
    return sparse.csr_array((made[t, position, group], at), shape=(size, size))


def natural(response: Response, etas: Etas, values: Values) -> dict[str, np.ndarray]:
    """All parameters on their natural scale, with an axis for one sample."""
    family, predictors = response.family, response.predictors
    names = [*family.free_dpars, *(v.name for v in family.vectors)]
    own = {name: values[name][:, None] for name in names if name not in predictors}
    return family.complete(own, {dpar: eta[None] for dpar, eta in etas.items()})


@dataclass(frozen=True)
class FamilyRows:
    """Independent rows of any family; its derivatives are differences of its log density.

    Attributes
    ----------
    response : Response
    units : mapping of str to float
        What a predictor is of the size of, by dpar: those whose derivatives are needed.
    """

    response: Response
    units: Mapping[str, float]

    def near(self, etas: Etas, values: Values) -> Local:
        known = _Moved(self, etas, values)
        names = list(self.units)
        slopes = {d: known.combined([({d: k}, w / 12) for k, w in SLOPES]) for d in names}
        precisions = {}
        for i, a in enumerate(names):
            curvature = known.combined([({a: k}, w / 12) for k, w in CURVATURES])
            precisions[a, a] = sparse.diags_array(-curvature / self._step(a) ** 2)
            for b in names[:i]:
                mixed = known.combined(_mixed(a, b)) / (self._step(a) * self._step(b))
                precisions[a, b] = precisions[b, a] = sparse.diags_array(-mixed)
        slopes = {d: s / self._step(d) for d, s in slopes.items()}
        return Local(float(known.at({}).sum()), slopes, precisions)

    def _step(self, dpar: str) -> float:
        return STEP * self.units[dpar]

    def _of_rows(self, etas: Etas, values: Values) -> np.ndarray:
        data, etas = self.response.data, {**etas, **self._scales(etas, values)}
        logp = self.response.family.logp(data.y, natural(self.response, etas, values), data.aux)
        logp = np.broadcast_to(logp, (1, len(data.y)))[0]
        return logp * data.aux["weights"] if "weights" in data.aux else logp

    def _scales(self, etas: Etas, values: Values) -> dict[str, np.ndarray]:
        """Predictors that have functions of the mean, these added."""
        mean, found = {MAIN: etas.get(MAIN)}, {}
        for dpar, p in self.response.predictors.items():
            for v in (v for v in p.variances if v.of_mean):
                found[dpar] = found.get(dpar, etas[dpar]) + v.on_rows(mean, values, slice(None))[0]
        return found


def _mixed(a: str, b: str) -> list[tuple[dict[str, int], float]]:
    """The second derivative by two predictors."""
    return [({a: i, b: j}, v * w / 144) for i, v in SLOPES for j, w in SLOPES]


@dataclass(frozen=True)
class _Moved:
    """Log densities of rows whose predictors are moved by steps."""

    rows: FamilyRows
    etas: Etas
    values: Values

    def at(self, steps: Mapping[str, int]) -> np.ndarray:
        moved = {d: self.etas[d] + k * self.rows._step(d) for d, k in steps.items()}
        return self.rows._of_rows({**self.etas, **moved}, self.values)

    def combined(self, terms: list[tuple[dict[str, int], float]]) -> np.ndarray:
        return sum(w * self.at(steps) for steps, w in terms)
