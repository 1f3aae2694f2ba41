"""True values of covariates given what was measured.

True values are normal, measurements normal around them. Each measurement in turn changes the mean
of the true values and the root of their covariances, L with L Lᵀ = Σ, by Potter's formula.

Source: Bierman, G. J. (1977), Factorization Methods for Discrete Sequential Estimation, Academic
Press, section II.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.priors import lkj

if TYPE_CHECKING:
    from bayesmix.design import Measured

LOG_2PI = float(np.log(2 * np.pi))


def distribution(
    m: Measured, draws: Mapping[str, np.ndarray], numbers: Sequence[int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and root of the covariances of true values before anything is measured.

    Parameters
    ----------
    m : Measured
    draws : mapping of str to ndarray
        Of the variables, samples first.
    numbers : sequence of int, optional
        Which covariates; all by default.

    Returns
    -------
    tuple of ndarray
        Samples × covariates, samples × covariates × covariates.
    """
    kept = np.arange(len(m.names)) if numbers is None else np.array(numbers)
    mean, sd = draws[m.named("meanme")][:, kept], draws[m.named("sdme")][:, kept]
    cor = np.broadcast_to(np.eye(len(kept)), (*sd.shape, len(kept)))
    if m.pairs:
        cor = lkj.matrix(draws[m.named("corme")])[:, kept][:, :, kept]
    return mean, sd[:, :, None] * lkj.correlation_root(cor)


def given(
    mean: Sequence[Any], root: Sequence[Sequence[Any]], values: Any, noise: Any, m: Any
) -> tuple[list[Any], list[list[Any]], Any]:
    """Mean and root of the covariances of true values, and the log density of measurements.

    Parameters
    ----------
    mean : sequence of tensor
        Of true values before anything was measured, one for each covariate.
    root : sequence of sequence of tensor
        Of their covariances, row by row.
    values, noise : ndarray
        Measurements and their standard errors, places × covariates. Without error the true value
        is what was measured.
    m : module
        numpy or ``pytensor.tensor``.

    Returns
    -------
    tuple
        The mean and a root given the measurements, and for each place the measurements' log
        density.
    """
    # Lists of vectors rather than matrices of places, which take long to compile.
    total = 0.0
    for k in range(values.shape[-1]):
        own, variance = root[k], noise[:, k] ** 2
        along = [sum(a * b for a, b in zip(row, own, strict=True)) for row in root]
        spread, apart = along[k] + variance, values[:, k] - mean[k]
        total = total - 0.5 * (apart**2 / spread + m.log(spread) + LOG_2PI)
        share = 1.0 / (spread + m.sqrt(variance * spread))
        mean = [mu + a * (apart / spread) for mu, a in zip(mean, along, strict=True)]
        root = [
            [r - a * share * o for r, o in zip(row, own, strict=True)]
            for row, a in zip(root, along, strict=True)
        ]
    return list(mean), [list(row) for row in root], total
