"""The observed responses, given their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.correlations.recursion import moving_errors
from bayesmix.design.imputed import filled, latent_index
from bayesmix.families.family import Vector
from bayesmix.families.joint import JOINT
from bayesmix.families.maths import tensor_maths
from bayesmix.likelihood import CorrelatedRows, IndependentRows, LaggedRows, SpatialRows
from bayesmix.parameters import MAIN
from bayesmix.spec import ModelSpec, Response
from bayesmix.variables import obs_dim


def add_likelihood(response: Response, values: Mapping[str, Any], rows: str) -> None:
    """Register a response in the open model.

    Parameters
    ----------
    response : Response
    values : mapping of str to tensor
        The parameters, those with a formula on the scale of the linear predictor.
    rows : str
        The dimension of the rows.
    """
    ADD[type(response.likelihood)](response, values, rows)


def _independent_rows(response: Response, values: Mapping[str, Any], rows: str) -> None:
    data, family = response.data, response.family
    y = data.y.astype(np.int64) if family.discrete else data.y
    p = natural(response, values)
    p = {name: pt.as_tensor(v) for name, v in p.items()}
    if "weights" in data.aux or data.missing is not None:
        y = pt.as_tensor(completed(response, values))
        logp = family.density(y, p, data.aux, tensor_maths())
        pm.Potential(f"{data.name}_density", data.aux.get("weights", 1.0) * logp, dims=rows)
        _add_measurements(response, y)
        return
    pm.CustomDist(
        data.name,
        *p.values(),
        logp=_logp(response, tuple(p)),
        random=_random(response, tuple(p)),
        signature=_signature(response, p),
        dtype="int64" if family.discrete else "float64",
        class_name=family.name,
        observed=y,
        dims=rows,
    )


def completed(response: Response, values: Mapping[str, Any]) -> Any:
    """The response, with its values that are parameters."""
    data = response.data
    return filled(data.y, latent_index(data), values.get(LATENT), pt)


def _add_measurements(response: Response, true: Any) -> None:
    """What was measured of true values, with errors that are known."""
    data = response.data
    if "sdy" in data.aux:
        known = np.flatnonzero(~data.missing)
        z = (data.y[known] - true[known]) / data.aux["sdy"][known]
        logp = -0.5 * z**2 - np.log(data.aux["sdy"][known] * np.sqrt(2 * np.pi))
        pm.Potential(f"{data.name}_measured", logp)


LATENT = "response"
"""Under what name the likelihood finds values of the response that are parameters."""


def _spatial_rows(response: Response, values: Mapping[str, Any], rows: str) -> None:
    likelihood, family, m = response.likelihood, response.family, tensor_maths()
    etas = {d: values[d] for d in response.predictors}
    own = {d: values[d] for d in family.free_dpars if d not in etas}
    p, rho = family.complete(own, etas, m), values[likelihood.name]

    def filtered(v: Any) -> Any:
        return v - rho * pt.dot(likelihood.weights.matrix, v)

    y, mu = pt.as_tensor(response.data.y), p["mu"]
    e = filtered(y) - mu if likelihood.type == "lag" else filtered(y - mu)
    determinant = likelihood.weights.log_determinant(pt.as_tensor(rho), pt)
    others = [pt.as_tensor(p[d]) for d in family.dpar_names[1:]]
    pm.Potential(response.data.name, JOINT[family.name](e, determinant, *others, m))


def _correlated_rows(response: Response, values: Mapping[str, Any], rows: str) -> None:
    """One potential by group: of a normal or Student's t distribution of several dimensions."""
    data, residuals = response.data, response.likelihood.residuals
    layout, p = residuals.layout, natural(response, values)
    mu, sigma = (pt.broadcast_to(pt.as_tensor(p[d]), data.y.shape) for d in ("mu", "sigma"))
    unit, given = layout.side_by_side((data.y - mu) / sigma, pt), residuals.given(values)
    white, scale = residuals.correlation.whiten(given, unit, layout, pt)
    count, squares = layout.mask.sum(axis=0), (white**2).sum(axis=0)
    log_scale = pt.log(scale) + layout.side_by_side(pt.log(sigma), pt)
    logp = _normal(squares, count) if "nu" not in p else _student(squares, count, p["nu"])
    pm.Potential(f"{data.name}_groups", logp - log_scale.sum(axis=0))


def natural(response: Response, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a response as its density takes them."""
    etas = {d: values[d] for d in response.predictors}
    names = [*response.family.free_dpars, *(v.name for v in response.family.vectors)]
    own = {name: values[name] for name in names if name not in etas}
    return response.family.complete(own, etas, tensor_maths())


def _normal(squares: Any, count: np.ndarray) -> Any:
    return -0.5 * (squares + count * np.log(2 * np.pi))


def _student(squares: Any, count: np.ndarray, nu: Any) -> Any:
    whole = pt.gammaln((nu + count) / 2) - pt.gammaln(nu / 2) - count / 2 * pt.log(np.pi * nu)
    return whole - (nu + count) / 2 * pt.log1p(squares / nu)


def _lagged_rows(response: Response, values: Mapping[str, Any], rows: str) -> None:
    """Independent rows around means that have the residuals of rows before."""
    residuals, y = response.likelihood.residuals, response.data.y
    called = residuals.target.called
    layout, eta = residuals.layout, values[MAIN] + pt.zeros(len(y))
    unit, lags = layout.side_by_side(y - eta, pt), residuals.orders
    ar, ma = ([values[called(n)][k] for k in range(lags.get(n, 0))] for n in ("ar", "ma"))
    error = moving_errors(unit, ma)
    more = sum((w * _moved(error, k + 1) for ws in (ar, ma) for k, w in enumerate(ws)), 0.0)
    _independent_rows(response, {**values, MAIN: eta + layout.in_rows(more)}, rows)


def _moved(values: Any, lag: int) -> Any:
    return pt.concatenate([pt.zeros_like(values[:lag]), values[:-lag]])


def add_together(spec: ModelSpec, values: Sequence[Mapping[str, Any]], rescor: Any) -> None:
    """Register responses whose residuals in a row are correlated.

    Parameters
    ----------
    spec : ModelSpec
    values : sequence of mapping of str to tensor
        For each response its parameters, as for `add_likelihood`.
    rescor : tensor
        The correlations under the diagonal.
    """
    each = [natural(r, own) for r, own in zip(spec.responses, values, strict=True)]
    pairs = list(zip(spec.responses, each, strict=True))
    seen = [completed(r, own) for r, own in zip(spec.responses, values, strict=True)]
    unit = pt.stack([(y - p["mu"]) / p["sigma"] for y, (_, p) in zip(seen, pairs, strict=True)])
    log_scale = sum(pt.log(p["sigma"]) for _, p in pairs)
    count, (rows, columns) = len(pairs), np.tril_indices(len(pairs), -1)
    at = np.eye(count * count)
    lower = pt.dot(rescor, at[rows * count + columns] + at[columns * count + rows])
    root = pt.linalg.cholesky(lower.reshape((count, count)) + np.eye(count))
    white = pt.linalg.solve_triangular(root, unit, lower=True)
    squares, sizes = (white**2).sum(axis=0), np.full(len(spec.design.frame), count)
    nu = each[0]["nu"] if spec.rescor.nu else None
    logp = _normal(squares, sizes) if nu is None else _student(squares, sizes, nu)
    logp = logp - log_scale - pt.log(pt.diagonal(root)).sum()
    weights = spec.responses[0].data.aux.get("weights", 1.0)
    pm.Potential("responses", weights * logp, dims=obs_dim(spec))
    for r, y in zip(spec.responses, seen, strict=True):
        _add_measurements(r, y)


def _logp(response: Response, names: tuple[str, ...]) -> Any:
    def logp(y: Any, *values: Any) -> Any:
        p = dict(zip(names, values, strict=True))
        return response.family.density(y, p, response.data.aux, tensor_maths())

    return logp


def _random(response: Response, names: tuple[str, ...]) -> Any:
    """Responses of the fit's rows, for PyMC's own predictive draws."""
    vectors = response.family.vectors
    names_of = {v.name for v in vectors}

    def random(*values: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        p = dict(zip(names, values, strict=True))
        shaped = {d: np.broadcast_to(v, size) for d, v in p.items() if d not in names_of}
        own = {v.name: np.broadcast_to(p[v.name], (*size, *_core(v, p))) for v in vectors}
        drawn = response.family.random(rng, shaped | own, response.data.aux)
        # Of several columns PyMC knows the first.
        return drawn[..., 0] if response.family.columns else drawn

    return random


def _signature(response: Response, p: Mapping[str, Any]) -> str:
    dims = {v.name: ",".join(v.dims) for v in response.family.vectors}
    return ",".join(f"({dims.get(name, '')})" for name in p) + "->()"


def _core(v: Vector, p: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    """The shape of a vector's values, or of those of all strata."""
    return np.shape(p[v.name])[-len(v.dims) :]


ADD = {
    IndependentRows: _independent_rows,
    SpatialRows: _spatial_rows,
    CorrelatedRows: _correlated_rows,
    LaggedRows: _lagged_rows,
}
"""What each kind of likelihood registers."""
