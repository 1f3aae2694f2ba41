"""Kernels of Gaussian processes: correlations between places, and their spectral densities.

Source: Riutort-Mayol, G. et al. (2023), Practical Hilbert space approximate Bayesian Gaussian
processes for probabilistic programming, Statistics and Computing 33.
"""

from __future__ import annotations

from math import gamma, pi
from typing import Any

SMOOTHNESS = {"exponential": 0.5, "matern32": 1.5, "matern52": 2.5}
"""Of those that are Matérn's; ``exp_quad`` is their limit."""


def correlation(kernel: str, distance: Any, m: Any) -> Any:
    """The correlation of two places.

    Parameters
    ----------
    kernel : str
        ``"exp_quad"``, exp(-d²/2), or one of `SMOOTHNESS`.
    distance : array or tensor
        d, in length scales.
    m : module
        With ``exp``.
    """
    if kernel == "exp_quad":
        return m.exp(-0.5 * distance**2)
    nu = SMOOTHNESS[kernel]
    z = (2 * nu) ** 0.5 * distance
    series = 1.0 if nu == 0.5 else 1 + z + (z**2 / 3 if nu == 2.5 else 0.0)
    return series * m.exp(-z)


def spectral_density(kernel: str, squares: Any, volume: Any, dims: int, m: Any) -> Any:
    """The spectral density of the correlations in several dimensions.

    Parameters
    ----------
    kernel : str
    squares : array or tensor
        Sums of the squares of frequencies times length scales.
    volume : array or tensor
        The product of the length scales.
    dims : int
    m : module
        With ``exp``.
    """
    level = constant(kernel, dims) * volume
    if kernel == "exp_quad":
        return level * m.exp(-0.5 * squares)
    nu = SMOOTHNESS[kernel]
    return level * (2 * nu + squares) ** -(nu + dims / 2)


def constant(kernel: str, dims: int) -> float:
    """What a spectral density has whatever frequency and length scales are."""
    if kernel == "exp_quad":
        return (2 * pi) ** (dims / 2)
    nu = SMOOTHNESS[kernel]
    ratio = gamma(nu + dims / 2) / gamma(nu)
    return 2**dims * pi ** (dims / 2) * ratio * (2 * nu) ** nu
