"""Length scales of Gaussian processes: the distances of places, and what they say beforehand."""

from __future__ import annotations

import numpy as np

TAIL = 0.01
"""What the default prior of a length scale has below the least distance, and above the greatest."""
LEAST_RATIO = 0.01
"""Of the least distance to the greatest, as the default prior takes it."""


def usual_scale(places: np.ndarray) -> str:
    """The default prior of a length scale, brms's.

    An inverse gamma distribution with a hundredth each below the least distance of two places and
    above the greatest.
    """
    from scipy.optimize import brentq
    from scipy.special import gammainccinv, gammaincinv

    least, greatest = distances(places)
    least = max(least, LEAST_RATIO * greatest)
    if not least < greatest:
        return "normal(0, 0.5)"

    def excess(log_shape: float) -> float:
        shape = np.exp(log_shape)
        ratio = gammainccinv(shape, TAIL) / gammaincinv(shape, TAIL)
        return float(np.log(ratio) - np.log(greatest / least))

    low, high = -2.0, 12.0
    if excess(high) > 0:
        return "normal(0, 0.5)"
    shape = float(np.exp(brentq(excess, low, high, xtol=1e-14)))
    scale = float(gammainccinv(shape, TAIL) * least)
    return f"inv_gamma({_rounded(shape)}, {_rounded(scale)})"


def _rounded(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def distances(places: np.ndarray) -> tuple[float, float]:
    """The least distance of two different places, and the greatest."""
    if places.shape[1] == 1:
        ordered = np.unique(places)
        steps = np.diff(ordered)
        return (float(steps.min()) if len(steps) else 0.0), float(np.ptp(ordered))
    from scipy.spatial.distance import pdist

    apart = pdist(np.unique(places, axis=0))
    return (float(apart.min()), float(apart.max())) if len(apart) else (0.0, 0.0)
