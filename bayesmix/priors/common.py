"""One correlation for all pairs of K coefficients, under the LKJ density of its matrix.

det(R) = (1 - ρ)ᴷ⁻¹ (1 + (K - 1) ρ), so that u = (1 + (K - 1) ρ) / K, which is between 0 and 1, has
under det(R)^(η - 1) a beta distribution. With η = 1 the correlation is uniform between -1 / (K - 1)
and 1; with K = 2 it is that of LKJ(η).
"""

from __future__ import annotations

import numpy as np

from bayesmix.errors import PriorError


def shapes(size: int, eta: float) -> tuple[float, float]:
    """The parameters of the beta distribution of u.

    Raises
    ------
    PriorError
        If the density has no finite mass.

    Examples
    --------
    >>> shapes(3, 2.0)
    (2.0, 3.0)
    """
    check_mass(size, eta, "one correlation")
    return eta, (size - 1) * (eta - 1.0) + 1.0


def check_mass(size: int, eta: float, what: str) -> None:
    """PriorError if the LKJ density of a matrix that hangs on one number has no finite mass."""
    least = (size - 2) / (size - 1)
    if eta <= least:
        raise PriorError(
            f"lkj({eta:g}) is no prior of {what} of {size} coefficients; eta must be "
            f"above {least:.3g}."
        )


def correlation(u: np.ndarray, size: int) -> np.ndarray:
    """The correlation that a number between 0 and 1 stands for."""
    return (size * u - 1.0) / (size - 1.0)


def matrix(rho: np.ndarray, size: int) -> np.ndarray:
    """Correlation matrices, … × size × size."""
    eye = np.eye(size)
    return eye + (1.0 - eye) * np.asarray(rho)[..., None, None]


def logpdf(rho: np.ndarray, size: int, eta: float) -> np.ndarray:
    """Log density of the correlation.

    Examples
    --------
    >>> float(logpdf(0.3, 3, 1.0).round(4)), float(np.log(1 / 1.5).round(4))
    (-0.4055, -0.4055)
    """
    from scipy.special import betaln, xlog1py, xlogy

    a, b = shapes(size, eta)
    u = (1.0 + (size - 1.0) * np.asarray(rho)) / size
    return xlogy(a - 1, u) + xlog1py(b - 1, -u) - betaln(a, b) + np.log((size - 1.0) / size)


def rvs(rng: np.random.Generator, draws: int, size: int, eta: float) -> np.ndarray:
    """Random correlations."""
    return correlation(rng.beta(*shapes(size, eta), draws), size)
