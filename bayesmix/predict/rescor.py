"""Responses whose residuals in a row are correlated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.correlations.densities import log_density
from bayesmix.predict import imputed
from bayesmix.predict.predicted import Predicted
from bayesmix.priors import lkj

if TYPE_CHECKING:
    from bayesmix.predict.response import Prediction


def log_lik(parts: Sequence[Prediction]) -> Callable[[slice], np.ndarray]:
    """That of the responses of each row together, for some rows: cells × samples × rows."""
    unit, root = _residuals(parts), _root(parts[0])

    def logp(part: slice) -> np.ndarray:
        (residuals, own), total, squares = unit(part), 0.0, 0.0
        white = np.linalg.solve(root, residuals)
        for k, p in enumerate(own):
            log_scale = np.log(p["sigma"]) + np.log(root[:, k, k])[:, None]
            total = total + log_density(white[:, k], log_scale, p.get("nu"), k, squares)
            squares = squares + white[:, k] ** 2
        return total

    return _weighted(parts, logp)


def given_others(parts: Sequence[Prediction], at: int) -> Callable[[slice], np.ndarray]:
    """That of one of the responses of each row given the others: cells × samples × rows.

    With Q the inverse of the correlations and u the residuals in units of their scales, that of
    response k is around ``u_k - (Q u)_k / Q_kk`` with variance ``1 / Q_kk``.
    """
    unit, root = _residuals(parts), _root(parts[0])
    precision = np.linalg.inv(root @ root.mT)
    spread = precision[:, at, at, None]

    def logp(part: slice) -> np.ndarray:
        residuals, own = unit(part)
        pulled = precision @ residuals
        apart, p = pulled[:, at] / np.sqrt(spread), own[at]
        squares = (residuals * pulled).sum(axis=1) - apart**2
        log_scale = np.log(p["sigma"]) - 0.5 * np.log(spread)
        return log_density(apart, log_scale, p.get("nu"), len(own) - 1, squares)

    return _weighted(parts, logp)


Residuals = Callable[[slice], tuple[np.ndarray, list[dict[str, np.ndarray]]]]


def _residuals(parts: Sequence[Prediction]) -> Residuals:
    """In units of their scales, samples × responses × rows; and the parameters of each response."""
    observed = [imputed.values(p) for p in parts]

    def of(part: slice) -> tuple[np.ndarray, list[dict[str, np.ndarray]]]:
        own = [p.parameters(p.etas(p.rows, part)) for p in parts]
        pairs = zip(observed, own, strict=True)
        return np.stack([(y(part) - p["mu"]) / p["sigma"] for y, p in pairs], axis=1), own

    return of


def _weighted(
    parts: Sequence[Prediction], logp: Callable[[slice], np.ndarray]
) -> Callable[[slice], np.ndarray]:
    weights = parts[0].observed[1].get("weights")
    if weights is None:
        return lambda part: logp(part)[None]
    return lambda part: (logp(part) * weights[part])[None]


def drawn(parts: Sequence[Prediction]) -> tuple[Predicted, ...]:
    """New responses of rows, drawn together."""
    root = _root(parts[0])

    def noise(cell: int, start: int, shape: tuple[int, int]) -> np.ndarray:
        """Samples × responses × rows, the same whichever response asks for its own."""
        rng = parts[0].seeds.stream("responses", str(cell), str(start))
        white = root @ rng.standard_normal((shape[0], len(parts), shape[1]))
        if "nu" not in parts[0].family.dpar_names:
            return white
        nu = np.broadcast_to(parts[0].draws["nu"][:, None], shape)
        return white * np.sqrt(nu / rng.chisquare(nu))[:, None]

    def chunk(k: int, part: slice) -> np.ndarray:
        cells = count()

        def values(part: slice, etas: dict[str, np.ndarray]) -> np.ndarray:
            p = parts[k].parameters(etas)
            shape = len(parts[k].draws), part.stop - part.start
            return p["mu"] + p["sigma"] * noise(next(cells), part.start, shape)[:, k]

        return parts[k].in_cells(values, part)

    return tuple(replace(p.predict(), chunk=partial(chunk, k)) for k, p in enumerate(parts))


def _root(p: Prediction) -> np.ndarray:
    """The Cholesky factors of the correlations, samples × responses × responses."""
    return np.linalg.cholesky(lkj.matrix(p.draws["rescor"]))
