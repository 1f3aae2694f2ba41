"""R-hat and effective sample sizes of draws, through arviz-stats."""

from __future__ import annotations

import numpy as np


def diagnose(values: np.ndarray) -> dict[str, np.ndarray]:
    """Rank-normalised split R-hat, bulk and tail ESS of each quantity.

    Parameters
    ----------
    values : ndarray
        ``(chain, draw, quantity)``.

    Returns
    -------
    dict of str to ndarray
        ``Rhat``, ``Bulk_ESS``, ``Tail_ESS``; NaN for a constant, and where there are fewer than
        four draws.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, *Bayesian Analysis* 16(2).

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 500, 2))
    >>> bool((diagnose(draws)["Rhat"] < 1.02).all())
    True
    """
    names = ("Rhat", "Bulk_ESS", "Tail_ESS")
    results = {name: np.full(values.shape[2], np.nan) for name in names}
    moving = (np.ptp(values, axis=(0, 1)) > 0) & np.isfinite(values).all(axis=(0, 1))
    if values.shape[1] < 4 or not moving.any():
        return results
    from arviz_stats.base import array_stats

    axes = {"chain_axis": 0, "draw_axis": 1}
    kept = values[:, :, moving]
    results["Rhat"][moving] = array_stats.rhat(kept, **axes)
    results["Bulk_ESS"][moving] = array_stats.ess(kept, method="bulk", **axes)
    results["Tail_ESS"][moving] = array_stats.ess(kept, method="tail", prob=(0.05, 0.95), **axes)
    return results
