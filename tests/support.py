"""Fits made of random draws, and small data sets, for tests that sample nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.fit import Fit
from bayesmix.model import Model
from bayesmix.parameters import Parameter, Role
from bayesmix.predict import Draws
from bayesmix.priors import lkj, stationary
from bayesmix.sampling.prior import FACTORS
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.variables import dataset, observed

Values = dict[str, np.ndarray]


def frame(n: int = 60, seed: int = 1) -> pd.DataFrame:
    """Columns of most kinds: numbers ``x, z``, a response of each kind, factors, groups."""
    rng = np.random.default_rng(seed)
    g = rng.permutation(np.resize(list("pqrstu"), n))
    made = pd.DataFrame(
        {
            "y": rng.normal(2, 3, n),
            "yes": rng.permutation(np.resize([0, 1], n)),
            "count": rng.poisson(3, n),
            "hits": rng.integers(0, 4, n),
            "tries": rng.integers(4, 9, n),
            "w": rng.uniform(0.5, 2, n),
            "x": rng.normal(3, 1, n),
            "z": rng.uniform(1, 2, n),
            "f": pd.Categorical(rng.permutation(np.resize(list("cab"), n)), list("cab")),
            "h": rng.permutation(np.resize(["u", "v"], n)),
            "flag": rng.permutation(np.resize([True, False], n)),
            "g": g,
            "k": rng.permutation(np.resize([30, 4, 7], n)),
            "t": np.where(np.isin(g, ["p", "s"]), "old", "new"),
            "amount": rng.gamma(2, 1, n) * (np.arange(n) % 4 > 0),
            "grade": rng.permutation(np.resize([1, 2, 3, 4], n)),
            "grade_0": rng.permutation(np.resize([0, 1, 2, 3], n)),
            "angle": rng.uniform(-3, 3, n),
            "few": rng.poisson(2, n),
            "part_1": rng.integers(0, 4, n),
            "part_2": rng.integers(0, 4, n),
            "part_3": rng.integers(1, 4, n),
            "share": rng.uniform(0.02, 0.98, n),
            "share_0": rng.uniform(0.02, 0.98, n) * (np.arange(n) % 5 > 0),
            "share_01": np.clip(rng.uniform(-0.2, 1.2, n), 0, 1),
        }
    )
    made["parts"] = made[["part_1", "part_2", "part_3"]].sum(axis=1)
    for k in (1, 2, 3):
        made[f"share_{k}"] = (made[f"part_{k}"] + 0.5) / (made["parts"] + 1.5)
    return made


def fit_of(model: Model, chains: int = 2, draws: int = 20, seed: int = 0, **given: Any) -> Fit:
    """A fit of random draws; those of the variables in `given`, ``(chain, draw, …)``, as given."""
    spec, values = model.spec, random_values(model.spec, chains, draws, seed)
    posterior = dataset(spec, values | {k: np.asarray(v, float) for k, v in given.items()})
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((chains, draws), bool))})
    groups = {"posterior": posterior, "sample_stats": stats, "observed_data": observed(spec)}
    return Fit(model, xr.DataTree.from_dict(groups))


def given_fit(formula: Any, data: Any, family: Any = "gaussian", **options: Any) -> Fit:
    """A fit of random draws to a model that is made of the arguments."""
    about = {k: options.pop(k) for k in ("prior", "namespace", "data2") if k in options}
    return fit_of(Model(formula, data, family, **about), **options)


def random_values(spec: ModelSpec, chains: int = 2, draws: int = 20, seed: int = 0) -> Values:
    """Random values of every variable of the posterior, each within its range."""
    rng = np.random.default_rng(seed)
    shape = (chains, draws)
    values = {}
    for p in spec.parameters:
        values |= _of(spec, p, rng, shape)
    return values


def draws_of(fit: Fit) -> Draws:
    """The draws of a fit, chains laid end to end."""
    return Draws.from_posterior(fit.idata["posterior"].to_dataset())


def _of(spec: ModelSpec, p: Parameter, rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    if p.role == Role.COR:
        return {p.name: _cor(rng, (*shape, *p.shape[:-2]), spec.group(p.owner))}
    if p.role in (Role.POPULATION, Role.EFFECTS):
        return {p.name: rng.normal(0, 0.4, (*shape, *p.shape))}
    if p.role == Role.CORRELATIONS:
        size = len(lkj.matrix(np.zeros(p.size)))
        root = lkj.cholesky_rvs(rng, int(np.prod(shape)), size, 2.0)
        return {p.name: lkj.under_diagonal(root @ root.mT).reshape(*shape, p.size)}
    if p.role == Role.STATIONARY:
        drawn = stationary.rvs(rng, p.slots[0].class_, int(np.prod(shape)), p.size)
        return {p.name: drawn.reshape(*shape, p.size)}
    if p.role in (Role.SHARES, Role.STEPS):
        return {p.name: rng.dirichlet(np.ones(p.shape[-1]), (*shape, *p.shape[:-1]))}
    if p.role == Role.SD:
        drawn = rng.gamma(3, 0.3, (*shape, *p.shape))
        return {p.name: drawn[..., list(spec.group(p.owner).sd_of)]}
    low = p.priors[0].lower if p.priors and np.isfinite(p.priors[0].lower) else 0.0
    return {p.name: low + rng.gamma(3, 0.3, (*shape, *p.shape))}


def _cor(rng: np.random.Generator, shape: tuple[int, ...], g: GroupPriors) -> np.ndarray:
    k = len(g.coefs)
    cor = np.broadcast_to(np.eye(k), (int(np.prod(shape)), k, k)).copy()
    for block in g.blocks:
        draw = lkj.cholesky_rvs if len(block) == 2 else FACTORS[g.structure(block).correlations]
        root = draw(rng, len(cor), len(block), 2.0)
        cor[np.ix_(range(len(cor)), block, block)] = root @ root.mT
    return cor.reshape(*shape, k, k)


def relatives(labels: Iterable[Any], seed: int = 3) -> pd.DataFrame:
    """A covariance matrix of these labels."""
    labels = list(labels)
    half = np.random.default_rng(seed).normal(0, 0.5, (len(labels), len(labels)))
    return pd.DataFrame(half @ half.T + np.eye(len(labels)), labels, labels)


def ring(labels: Iterable[Any]) -> pd.DataFrame:
    """A matrix of neighbours: each label's are those before and after it."""
    labels = list(labels)
    step = np.eye(len(labels), k=1) + np.eye(len(labels), k=len(labels) - 1)
    return pd.DataFrame(np.minimum(step + step.T, 1).astype(int), labels, labels)


def without(frame: pd.DataFrame, *columns: str, **changes: Any) -> pd.DataFrame:
    """The frame without some columns and with others changed."""
    return frame.drop(columns=list(columns)).assign(**changes)
