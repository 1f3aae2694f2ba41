"""R-hat and effective sample sizes of draws, many quantities at a time."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

TAILS = (0.05, 0.95)

SCRATCH = 2**15
"""Elements of the temporary arrays: few enough to stay in the processor's cache."""


def diagnose(values: np.ndarray) -> dict[str, np.ndarray]:
    """Rank-normalised split R-hat, bulk and tail ESS of each quantity.

    Parameters
    ----------
    values : ndarray
        ``(chain, draw, quantity)``.

    Returns
    -------
    dict of str to ndarray
        ``Rhat``, ``Bulk_ESS``, ``Tail_ESS`` (the lesser one of the 5 % and 95 % quantiles); NaN for
        a constant, and where there are fewer than four draws.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, *Bayesian Analysis* 16(2). The lags of the autocorrelation
    that count: Geyer (1992), Practical Markov chain Monte Carlo, *Statistical Science* 7(4).

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 500, 2))
    >>> bool((diagnose(draws)["Rhat"] < 1.02).all())
    True
    """
    chains, draws, quantities = values.shape
    results = np.full((3, quantities), np.nan)
    if draws >= 4:
        step = max(1, SCRATCH // (chains * draws))
        for start in range(0, quantities, step):
            part = np.ascontiguousarray(np.moveaxis(values[..., start : start + step], 2, 0))
            finite = np.isfinite(part).all(axis=(1, 2))
            moving = np.flatnonzero(finite & (part != part[:, :1, :1]).any(axis=(1, 2)))
            results[:, start + moving] = _numbers(part[moving])
    return dict(zip(("Rhat", "Bulk_ESS", "Tail_ESS"), results, strict=True))


def _numbers(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """R-hat, bulk and tail ESS of ``(quantity, chain, draw)``."""
    halves = _split(x)
    scores = _normal_scores(halves)
    folded = np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True))
    rhat = np.fmax(_rhat(scores), _rhat(_normal_scores(folded)))
    low, high = np.quantile(x, TAILS, axis=(1, 2))[..., None, None]
    tail = np.minimum(_ess(_split(x <= low)), _ess(_split(x <= high)))
    return rhat, _ess(scores), tail


def _split(x: np.ndarray) -> np.ndarray:
    """Each chain as two, without the middle draw of an odd number."""
    half = x.shape[2] // 2
    return np.concatenate([x[..., :half], x[..., -half:]], axis=1)


def _normal_scores(x: np.ndarray) -> np.ndarray:
    """Normal quantiles of the ranks (Blom 1958), equal values sharing their mean rank."""
    flat = x.reshape(len(x), -1)
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    size = flat.shape[1]
    # Mean ranks are whole or half numbers, so that few quantiles serve for all.
    quantiles = ndtri((np.arange(2 * size - 1) / 2 + 0.625) / (size + 0.25))
    scores = np.empty(flat.shape)
    np.put_along_axis(scores, order, quantiles[_doubled_ranks(ordered)], axis=1)
    return scores.reshape(x.shape)


def _doubled_ranks(ordered: np.ndarray) -> np.ndarray:
    """Twice the mean rank, from 0, of each value of sorted rows."""
    at = np.arange(ordered.shape[1])
    differs = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((len(ordered), 1), bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), at, 0), axis=1)
    end = np.where(np.hstack([differs, edge]), at, at[-1])
    return first + np.minimum.accumulate(end[:, ::-1], axis=1)[:, ::-1]


def _rhat(x: np.ndarray) -> np.ndarray:
    draws = x.shape[2]
    between = draws * x.mean(axis=2).var(axis=1, ddof=1)
    within = x.var(axis=2, ddof=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((between / within + draws - 1) / draws)


def _ess(x: np.ndarray) -> np.ndarray:
    """Effective sample size of the mean, by Geyer's initial monotone sequence."""
    _, chains, draws = x.shape
    size = chains * draws
    autocovariance = _autocovariance(x)
    within = autocovariance[:, :1] * draws / (draws - 1)
    between = x.mean(axis=2).var(axis=1, ddof=1, keepdims=True)
    total = within * (draws - 1) / draws + between
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = 1 - (within - autocovariance) / total
    correlation[:, 0] = 1
    time = np.maximum(_correlation_time(correlation), 1 / np.log10(size))
    return np.where(total[:, 0] > 0, size / time, size)


def _correlation_time(correlation: np.ndarray) -> np.ndarray:
    """One plus twice the sum of the correlations up to the first pair that isn't positive."""
    rows, most = np.arange(len(correlation)), max(0, (correlation.shape[1] - 3) // 2)
    even = correlation[:, 0 : 2 * most + 1 : 2]
    pairs = even + correlation[:, 1 : 2 * most + 2 : 2]
    ends = pairs <= 0
    last = np.where(ends.any(axis=1), ends.argmax(axis=1), most)
    falling = np.minimum.accumulate(pairs, axis=1)
    counted = np.where(np.arange(most + 1) < last[:, None], falling, 0).sum(axis=1)
    rest = np.where(pairs[rows, last] < 0, np.maximum(even[rows, last], 0), even[rows, last])
    return 2 * counted - 1 + rest


def _autocovariance(x: np.ndarray) -> np.ndarray:
    """The mean over chains at every lag, ``(quantity, lag)``."""
    draws = x.shape[2]
    length = 1 << (2 * draws - 1).bit_length()
    spectrum = np.fft.rfft(x - x.mean(axis=2, keepdims=True), length)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    return np.fft.irfft(power, length)[:, :draws] / draws
