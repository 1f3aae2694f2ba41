"""What goes from one position to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def accumulate(steps: Any, kept: Any, m: Any) -> Any:
    """``y[t] = steps[t] + kept[t] * y[t - 1]``, along the axis before the last.

    Parameters
    ----------
    steps, kept : array
        `kept` is broadcast.
    m : module
    """
    if m is np:
        return _in_place(np.array(steps, float), kept)
    return _scanned(steps, kept, m)


def _in_place(y: np.ndarray, kept: np.ndarray) -> np.ndarray:
    kept = np.broadcast_to(kept, y.shape)
    for t in range(1, y.shape[-2]):
        y[..., t, :] += kept[..., t, :] * y[..., t - 1, :]
    return y


def _scanned(steps: Any, kept: Any, m: Any) -> Any:
    from pytensor.scan import scan

    kept = kept * m.ones_like(steps)
    return scan(
        lambda step, share, before: step + share * before,
        sequences=[steps, kept],
        outputs_info=[m.zeros_like(steps[0])],
        return_updates=False,
    )


def moving_errors(residuals: Any, weights: Sequence[Any]) -> Any:
    """Tensors ``e[t] = residuals[t] - Σ weights[k] e[t - k]``, positions first."""
    if not weights:
        return residuals
    import pytensor.tensor as pt
    from pytensor.scan import scan

    # Two lags at least: of one alone scan takes what it starts with for a state without a lag.
    lags = max(2, len(weights))
    given = pt.stack([*weights, *[0.0] * (lags - len(weights))])

    def step(residual: Any, *others: Any) -> Any:
        *past, w = others
        return residual - sum(w[k] * e for k, e in enumerate(past[::-1]))

    return scan(
        step,
        sequences=[residuals],
        outputs_info=[
            {"initial": pt.zeros((lags, residuals.shape[1])), "taps": list(range(-lags, 0))}
        ],
        non_sequences=[given],
        return_updates=False,
    )


def before(values: Any, m: Any) -> Any:
    """Each value's predecessor; zeros at first."""
    return m.concatenate([m.zeros_like(values[..., :1, :]), values[..., :-1, :]], axis=-2)


def after(values: np.ndarray) -> np.ndarray:
    """Each value's successor; zeros at last."""
    return np.concatenate([values[..., 1:, :], np.zeros_like(values[..., :1, :])], axis=-2)


def accumulate_back(steps: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """``y[t] = steps[t] + kept[t] * y[t + 1]``."""
    kept = np.broadcast_to(kept, steps.shape)
    return accumulate(steps[..., ::-1, :], kept[..., ::-1, :], np)[..., ::-1, :]
