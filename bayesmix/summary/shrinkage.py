"""Partial pooling, level by level: between each level's own estimate and that of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesmix.design import GroupEffects
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.parameters import MAIN, Target
from bayesmix.predict import Draws, Prediction, Request
from bayesmix.predict.linpred import linear_predictors
from bayesmix.predict.standard import covariance
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.tables import Table

STEP = 1e-4
"""Of the linear predictor, for derivatives of the log density."""
STEPS = 50
CLOSE = 1e-10


@dataclass(frozen=True, repr=False)
class Shrinkage:
    """How a group's estimates are pooled.

    Attributes
    ----------
    levels : DataFrame
        Indexed by level and coefficient. ``no_pooling``: what maximises the likelihood of the
        level's own rows, all else at the posterior's means (nan where its rows don't say);
        ``partial_pooling``: the posterior mean; ``complete_pooling``: what maximises the likelihood
        of all rows without the group's effects; ``rows``; ``pooling``: from 0 (own rows count
        alone) to 1 (they don't), the share of the variance between levels that a level's rows leave
        open.
    covariance : DataFrame
        Indexed by two coefficients: the covariance of effects as the ``model`` has it, that of
        their ``estimates`` (posterior means), the mean ``posterior`` one, and the ``sum`` of both,
        which is that of all draws of all levels.
    correlation : DataFrame
        The correlations of ``model``, ``estimates`` and ``sum``.
    population : Series
        The posterior means of the population's coefficients, 0 where it has none.
    """

    levels: pd.DataFrame
    covariance: pd.DataFrame
    correlation: pd.DataFrame
    population: pd.Series

    def __repr__(self) -> str:
        tables = self.levels, self.covariance, self.correlation
        return "{!r}\n\nCovariance\n{!r}\n\nCorrelation\n{!r}".format(*tables)

    def _repr_html_(self) -> str:
        parts = (
            ("", self.levels),
            ("<h4>Covariance</h4>", self.covariance),
            ("<h4>Correlation</h4>", self.correlation),
        )
        return "".join(title + table._repr_html_() for title, table in parts)


def shrinkage(spec: ModelSpec, draws: Draws, group: str) -> Shrinkage:
    """See `Fit.shrinkage`.

    Raises
    ------
    PredictionError
        If there is no such group, or it has no effects in the main predictor.
    """
    names = [g.group.name for g in spec.groups]
    if group not in names:
        raise PredictionError(
            f"The model has no group {group!r}; it has {listed(names) or 'none'}."
            + did_you_mean(str(group), names)
        )
    if spec.family.main_outcome is not None:
        raise PredictionError(
            f"Family {spec.family.name!r} has several main predictors; shrinkage is that of a "
            "single one."
        )
    g, target = spec.group(group), Target(spec.response.name, MAIN)
    effects = [c for c in spec.predictors[target].groups if c.group == group]
    if not effects:
        raise PredictionError(f"Group {group!r} has no effects in the main predictor.")
    covariance, correlation = _covariances(g, draws)
    names = [name for c in effects for name in c.names]
    population = pd.Series(_of_population(spec, draws, names), names, name="population")
    return Shrinkage(_levels(spec, draws, g, effects), covariance, correlation, population)


def _levels(
    spec: ModelSpec, draws: Draws, g: GroupPriors, effects: Sequence[GroupEffects]
) -> pd.DataFrame:
    """The three estimates of every level."""
    names = [name for c in effects for name in c.names]
    at = np.concatenate([c.positions for c in effects])
    columns = (c.column(k, draws, slice(None)) for c in effects for k in range(len(c.names)))
    z = np.stack([np.atleast_2d(x).mean(axis=0) for x in columns], axis=1)
    likelihood = _Likelihood.of(spec, draws)
    population = _of_population(spec, draws, names)
    effect = draws[f"r_{g.group.name}"].mean(axis=0)[:, at]
    index = g.group.of_row
    base = likelihood.eta - (z * (population + effect[index])).sum(axis=1)
    everything = np.zeros(len(index), int)
    complete = likelihood.maximum(z, base, everything, 1, population[None])
    alone = likelihood.maximum(z, base, index, g.group.size, population + effect)
    pooling = _pooling(likelihood, z, index, g, draws, at)
    rows = np.bincount(index, minlength=g.group.size)
    labels = pd.Index(g.group.levels, dtype=object).infer_objects()
    keys = pd.MultiIndex.from_product([labels, names], names=[g.group.name, "coef"])
    return Table(
        {
            "no_pooling": alone.ravel(),
            "partial_pooling": (population + effect).ravel(),
            "complete_pooling": np.tile(complete[0], g.group.size),
            "rows": np.repeat(rows, len(names)),
            "pooling": pooling.ravel(),
        },
        index=keys,
    )


def _of_population(spec: ModelSpec, draws: Draws, names: Sequence[str]) -> np.ndarray:
    """The means of the population's coefficients of those names, 0 where there are none."""
    columns = spec.predictors[Target(spec.response.name, MAIN)].columns
    means = draws[columns.variable].mean(axis=0) if columns.names else []
    known = dict(zip(columns.names, means, strict=True))
    return np.array([known.get(name, 0.0) for name in names])


@dataclass(frozen=True)
class _Likelihood:
    """The log density of the rows by the main linear predictor, all else at its posterior mean."""

    prediction: Prediction
    eta: np.ndarray
    etas: dict[str, np.ndarray]

    @classmethod
    def of(cls, spec: ModelSpec, draws: Draws) -> _Likelihood:
        mean = Draws(
            {name: v.mean(axis=0, keepdims=True) for name, v in draws.values.items()},
            draws.chain[:1],
            draws.draw[:1],
            np.zeros(1, int),
            1,
        )
        prediction = Prediction.of(spec, mean, Request())
        whole = slice(0, len(prediction.rows))
        etas = linear_predictors(mean, prediction.rows, prediction.new, whole)
        return cls(prediction, etas[MAIN][0], etas)

    def logp(self, eta: np.ndarray) -> np.ndarray:
        """Of each row."""
        y, aux = self.prediction.observed
        p = self.prediction.parameters(self.etas | {MAIN: eta[None]})
        return self.prediction.family.logp(y, p, aux)[0] * aux.get("weights", 1.0)

    def derivatives(self, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First, and second with a minus sign, by central differences."""
        step = STEP * self.scale
        low, here, high = (self.logp(eta + s) for s in (-step, 0.0, step))
        return (high - low) / (2 * step), -(high - 2 * here + low) / step**2

    @property
    def scale(self) -> float:
        """How far linear predictors are apart."""
        return float(np.ptp(self.eta)) or 1.0

    def maximum(
        self, z: np.ndarray, base: np.ndarray, of_row: np.ndarray, count: int, start: np.ndarray
    ) -> np.ndarray:
        """For each set of rows the coefficients of `z` with the largest likelihood, by Newton."""
        beta = np.array(np.broadcast_to(start, (count, z.shape[1])), float)
        for _ in range(STEPS):
            first, second = self.derivatives(base + (z * beta[of_row]).sum(axis=1))
            move = _solved(_information(z, second, of_row, count), _sums(z, first, of_row, count))
            beta = beta + move
            if not np.nanmax(np.abs(move), initial=0.0) > CLOSE * self.scale:
                break
        else:
            beta[(np.abs(move) > 1e-6 * self.scale).any(axis=1)] = np.nan
        return beta


def _sums(z: np.ndarray, first: np.ndarray, of_row: np.ndarray, count: int) -> np.ndarray:
    total = np.zeros((count, z.shape[1]))
    np.add.at(total, of_row, z * first[:, None])
    return total


def _information(z: np.ndarray, second: np.ndarray, of_row: np.ndarray, count: int) -> np.ndarray:
    total = np.zeros((count, z.shape[1], z.shape[1]))
    np.add.at(total, of_row, z[:, :, None] * z[:, None, :] * second[:, None, None])
    return total


def _solved(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The solutions of linear equations, nan where the rows don't say."""
    result = np.full(vectors.shape, np.nan)
    good = np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(vectors).all(axis=1)
    eigenvalues = np.full(vectors.shape, 0.0)
    eigenvalues[good] = np.linalg.eigvalsh(matrices[good])
    good &= eigenvalues[:, 0] > 1e-9 * np.maximum(eigenvalues[:, -1], 1e-300)
    result[good] = np.linalg.solve(matrices[good], vectors[good][..., None])[..., 0]
    return result


def _pooling(
    likelihood: _Likelihood,
    z: np.ndarray,
    index: np.ndarray,
    g: GroupPriors,
    draws: Draws,
    at: np.ndarray,
) -> np.ndarray:
    """Var(effect | rows of the level) / var(effect), at the posterior means of all else.

    For one intercept it is 1 - tau² / (tau² + sigma² / n), Gelman and Hill's pooling factor.
    """
    _, second = likelihood.derivatives(likelihood.eta)
    information = _information(z, np.maximum(second, 0.0), index, g.group.size)
    cov = _model_covariance(g, draws)[..., at, :][..., at]
    between = cov if g.group.by is None else cov[g.group.by.of_level]
    sd = np.sqrt(np.einsum("...kk->...k", between))
    inner = information * sd[..., :, None] * sd[..., None, :]
    correlation = between / (sd[..., :, None] * sd[..., None, :])
    eye = np.eye(len(at))
    # In standard deviations: (I + R J)^-1 R, whose diagonal is the share that stays open.
    left = np.linalg.solve(eye + correlation @ inner, np.broadcast_to(correlation, inner.shape))
    return np.einsum("lkk->lk", left)


def _model_covariance(g: GroupPriors, draws: Draws) -> np.ndarray:
    """The posterior mean of the effects' covariance; by stratum where there is ``by``."""
    return covariance(g, draws).mean(axis=0)


def _covariances(g: GroupPriors, draws: Draws) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The model's covariance beside that of the estimates, and what makes up the difference."""
    r = draws[f"r_{g.group.name}"]
    means = r.mean(axis=0)
    centred = r - means
    model = _model_covariance(g, draws)
    if g.group.by is not None:
        model = model[g.group.by.of_level].mean(axis=0)
    parts = {
        "model": model,
        "estimates": np.cov(means, rowvar=False, ddof=0).reshape(model.shape),
        "posterior": np.einsum("slk,slm->km", centred, centred) / (r.shape[0] * r.shape[1]),
    }
    parts["sum"] = parts["estimates"] + parts["posterior"]
    k = len(g.names)
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    table = _pairs(g, pairs, parts)
    different = [(i, j) for i, j in pairs if i < j]
    scaled = {n: m / np.sqrt(np.outer(np.diag(m), np.diag(m))) for n, m in parts.items()}
    return table, _pairs(g, different, {n: scaled[n] for n in ("model", "estimates", "sum")})


def _pairs(
    g: GroupPriors, pairs: Sequence[tuple[int, int]], matrices: dict[str, np.ndarray]
) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(
        [(g.names[i], g.names[j]) for i, j in pairs], names=["coef", "coef2"]
    )
    return Table({n: [m[i, j] for i, j in pairs] for n, m in matrices.items()}, index=index)
