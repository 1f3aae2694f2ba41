"""Group-level effects: standard deviations, correlations, standardised effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.pymc_model.vectors import vector
from bayesmix.spec import GroupPriors


def add_group(g: GroupPriors) -> Any:
    """Register one grouping factor's variables; its effects, levels × coefficients.

    Non-centred: r = sd · L z, z standard normal, L the Cholesky factor of the correlations.
    """
    name, by = g.group.name, g.group.by
    sd = _standard_deviations(g)
    factor = _factor(g) if g.correlated else None
    shape = g.group.size, len(g.coefs)
    z = pm.Normal(f"z_{name}", dims=(name, f"{name}_coef"), shape=shape)
    of_level = () if by is None else (by.of_level,)
    if factor is None:
        effects = z
    elif by is None:
        effects = pt.dot(z, factor.T)
    else:
        effects = (factor[by.of_level] * z[:, None, :]).sum(axis=-1)
    scale = sd[of_level[0]] if of_level else sd
    return pm.Deterministic(f"r_{name}", effects * scale, dims=(name, f"{name}_coef"))


def _strata(g: GroupPriors) -> int:
    return 1 if g.group.by is None else len(g.group.by.levels)


def _standard_deviations(g: GroupPriors) -> Any:
    name, by, k = g.group.name, g.group.by, len(g.coefs)
    dims = (f"{name}_coef",) if by is None else (by.name, f"{name}_coef")
    flat = vector(f"sds_{name}", g.sd * _strata(g))
    sd = flat if by is None else flat.reshape((_strata(g), k))
    return pm.Deterministic(f"sd_{name}", sd, dims=dims)


def _factor(g: GroupPriors) -> Any:
    """The Cholesky factor of the correlations, K × K or strata × K × K; zeros between blocks."""
    name, by, k = g.group.name, g.group.by, len(g.coefs)
    parts = []
    for i, block in enumerate(g.blocks):
        # Products with constants, not indexed assignment, which PyTensor 3.3's numba mixes up.
        at = np.eye(k)[:, block]
        part = np.ones((1, 1, 1))
        if len(block) > 1:
            part = _block_factor(f"cpc_{name}_{i}", g, len(block))
        parts.append(part if len(block) == k else pt.matmul(pt.matmul(at, part), at.T))
    factor = sum(parts)
    cor = pt.matmul(factor, factor.transpose(0, 2, 1))
    dims = (f"{name}_coef", f"{name}_coef2")
    if by is None:
        pm.Deterministic(f"cor_{name}", cor[0], dims=dims)
        return factor[0]
    pm.Deterministic(f"cor_{name}", cor, dims=(by.name, *dims))
    return factor


def _block_factor(name: str, g: GroupPriors, size: int) -> Any:
    """LKJ(eta) by its canonical partial correlations, which are independent betas.

    Column j of the lower triangle has (1 + cpc) / 2 ~ Beta(a, a) with a = eta + (size - 2 - j) / 2
    (Lewandowski, Kurowicka and Joe 2009).
    """
    rows, columns = np.tril_indices(size, -1)
    shape = g.eta + (size - 2 - columns) / 2
    u = pm.Beta(name, shape, shape, shape=(_strata(g), len(rows)))
    at = np.eye(size * size)[rows * size + columns]
    cpc = pt.dot(2 * u - 1, at).reshape((_strata(g), size, size))
    # sqrt(1 - cpc²) without the digits that 1 - cpc² loses near ±1; ones off the lower triangle.
    left = pt.dot(2 * pt.sqrt(u * (1 - u)), at).reshape((_strata(g), size, size))
    left = left + (1 - np.tri(size, k=-1))
    before = pt.concatenate(
        [pt.ones((_strata(g), size, 1)), pt.cumprod(left, axis=2)[:, :, :-1]], axis=2
    )
    return (cpc + pt.eye(size)) * before
