"""What rows say of the values of exact Gaussian processes, and numbers that take that up.

In place of the standard normal numbers of a process stand some that the rows leave nearly
independent (`kernels.informed`), whatever sd and length scales are: chains would not get along
otherwise, for rows say much of smooth functions and little of the numbers that make these.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from bayesmix.correlations.kernels import SMOOTHNESS
from bayesmix.design.processes import NUGGET, Process, Processes, values_at
from bayesmix.engine.kernels.tables import PROCESS
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.scores import RowFit, fit_without_effects
from bayesmix.parameters import Target
from bayesmix.spec import ModelSpec

LEAST_LEFT, TINY = 1e-6, 1e-300
"""Rows, when the values have taken their degrees of freedom; and the least precision."""
_CALL = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int64] * 6)


@dataclass(frozen=True)
class Informed:
    """An exact process of whose values rows say about what normal responses would.

    Attributes
    ----------
    process : Process
    precisions : ndarray
        Of these responses, one a place.
    products : ndarray
        Precisions times responses, with what the coefficients beside make of them.
    beside : ndarray
        Coefficients × places: what products are less by each.
    """

    process: Process
    precisions: np.ndarray
    products: np.ndarray
    beside: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """All of this, as the kernel reads it."""
        return np.concatenate([self.precisions, self.products, self.beside.ravel()])

    def freedom(self, sd: float, scales: np.ndarray) -> float:
        """How many parameters' worth the values are that are most likely by this."""
        p = self.process
        covariance = p.covariance(p.places, p.places, sd, scales, np)
        root = np.linalg.cholesky(covariance + NUGGET * np.eye(p.size))
        precision = np.eye(p.size) + root.T @ (self.precisions[:, None] * root)
        return p.size - float(np.trace(np.linalg.inv(precision)))

    def numbers(
        self, v: np.ndarray, sd: np.ndarray, scales: np.ndarray, b: np.ndarray
    ) -> np.ndarray:
        """The standard normal numbers of draws, … × places, given the coefficients beside."""
        from bayesmix.engine.kernels.exact import compiled_exact, numbers_at, scratch_of

        p, n = self.process, self.process.size
        squares = p.squares
        data = np.concatenate([squares.ravel(), self.known])
        nu = SMOOTHNESS.get(p.term.kernel, 0.0)
        first = n + 1 + len(squares)
        places = 0, n, n, n + 1, int(p.several), len(squares), 0, 0, 0, squares.size
        places += first, len(self.beside)
        record, function = np.array([(*places, nu, 0.0)], PROCESS), _CALL(compiled_exact().address)
        scratch, theta = np.empty(scratch_of(n, True)), np.empty(first + len(self.beside))
        made = np.empty_like(v).reshape(-1, n)
        given = [a.reshape(len(made), -1) for a in (v, sd, scales, b[..., : len(self.beside)])]
        arrays = record, data, scratch, np.empty(n), theta
        for k, (own, *rest) in enumerate(zip(*given, strict=True)):
            arrays[3][:], theta[n:] = own, np.concatenate(rest)
            function(*(a.ctypes.data for a in arrays), 0)
            made[k] = scratch[numbers_at(n)]
        return made.reshape(v.shape)


def informed_of(spec: ModelSpec) -> Mapping[str, tuple[Informed | None, ...]]:
    """By variable what rows say of each exact process; nothing of those in nonlinear parameters.

    By a fit in which the values are zero, and one by what rows say of them there, whose values are
    the most likely.
    """
    found = {
        t: c
        for part in spec.parts
        for t, p in part.predictors.items()
        for c in p.processes
        if t.dpar not in part.family.nonlinear and any(gp.basis is None for gp in c.processes)
    }
    informed = {
        c.named("zgp"): tuple(_of(part, c, None, *np.zeros((2, len(part.response.data.y)))))
        for part in spec.parts
        for t, c in found.items()
        if t in part.predictors
    }
    # With a scale that is free the values could go through all rows.
    own = {c.named(what) for c in found.values() for what in ("sdgp", "lscale")}
    own |= {t.variable for t in found if t.variable in spec.by_name}
    for only in ((), own) if found else ():
        layout = build_layout(spec, informed=informed)
        fits = fit_without_effects(spec, build_density(spec, layout), only)
        informed = {name: own for fit in fits for name, own in _of_response(fit, found, informed)}
    return informed


def _of_response(
    fit: RowFit,
    found: Mapping[Target, Processes],
    informed: Mapping[str, tuple[Informed | None, ...]],
) -> Iterator[tuple[str, tuple[Informed | None, ...]]]:
    """What a response's rows say, by the fit to what they said before."""
    spec, own = fit.spec, {t: c for t, c in found.items() if t in fit.etas}
    left = len(spec.response.data.y) - _freedom(own.values(), informed, fit.fitted)
    scaled = "sigma" in (*spec.family.free_dpars, *(t.dpar for t in spec.predictors))
    for target, c in own.items():
        slopes, curvatures = derivatives = fit.derivatives(target)
        if scaled:
            # The scale of what is left of the rows, by their squares over its degrees of freedom.
            squares = slopes**2 / np.maximum(-curvatures, TINY)
            derivatives = derivatives * max(left, LEAST_LEFT) / max(squares.sum(), LEAST_LEFT)
        yield c.named("zgp"), tuple(_of(spec, c, fit.fitted, *derivatives))


def _freedom(
    found: Iterable[Processes],
    informed: Mapping[str, tuple[Informed | None, ...]],
    fitted: Mapping[str, np.ndarray],
) -> float:
    """Of all processes together."""
    total = 0.0
    for c in found:
        sd, lscale = (fitted[c.named(what)][0] for what in ("sdgp", "lscale"))
        for i, (own, (scales, _)) in enumerate(zip(informed[c.named("zgp")], c.parts, strict=True)):
            total += 0.0 if own is None else own.freedom(sd[i], lscale[scales])
    return total


def _of(
    spec: ModelSpec,
    c: Processes,
    fitted: Mapping[str, np.ndarray] | None,
    slopes: np.ndarray,
    curvatures: np.ndarray,
) -> Iterator[Informed | None]:
    """Of each process of a predictor, by Newton's step from what a fit has, or from nothing."""
    columns = spec.predictors[c.target].columns
    beside = columns.centred[:, : columns.centred.shape[1] - len(columns.others)].T
    if columns.has_intercept:
        beside = np.vstack([np.ones(beside.shape[1]), beside])
    b = np.zeros(len(beside))
    if fitted and len(b):
        b = fitted[c.target.variable][0, : len(b)].copy()
        b[0] += b[1:] @ columns.means[: len(b) - 1] if columns.has_intercept else 0.0
    values = values_at(c, fitted) if fitted else (np.zeros(gp.size) for gp in c.processes)
    weights = np.maximum(-curvatures, 0.0)
    for gp, f in zip(c.processes, values, strict=True):
        if gp.basis is not None:
            yield None
            continue
        sums = partial(np.bincount, gp.codes, minlength=gp.size)
        precisions = sums(weights * gp.values**2)
        taken = np.array([sums(weights * gp.values * x) for x in beside]).reshape(-1, gp.size)
        yield Informed(gp, precisions, precisions * f + sums(slopes * gp.values) + b @ taken, taken)
