"""Random slopes beside an autoregression, with the effects integrated out and without.

``python series.py [GROUPS [ROWS [SEED]]]`` simulates groups of rows, fits the model in both ways,
and prints seconds, the least effective sample size of the parameters that all groups share, this
by these seconds, and the largest difference of means between the fits in Monte Carlo errors.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd

import bayesmix as bx

FORMULA = "y ~ t + (t | g) + ar(t, gr=g, cov=True)"
WAYS = {"integrated out": True, "sampled": False}


def simulated(groups: int, rows: int, seed: int) -> pd.DataFrame:
    """Lines of groups, with residuals of autocorrelation 0.6."""
    rng = np.random.default_rng(seed)
    e = rng.normal(size=(groups, rows))
    e[:, 0] /= 0.8
    for t in range(1, rows):
        e[:, t] += 0.6 * e[:, t - 1]
    effects, time_ = rng.normal(size=(groups, 2)) * [1.5, 0.5], np.arange(float(rows))
    y = 2.0 + effects[:, :1] + (0.3 + effects[:, 1:]) * time_ + e
    return pd.DataFrame(
        {"y": y.ravel(), "t": np.tile(time_, groups), "g": np.repeat(np.arange(groups), rows)}
    )


def fitted(model: bx.Model, integrated: bool, seed: int) -> tuple[float, pd.DataFrame]:
    """Seconds, and the summary of what all groups share."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(
            sampler="fused", marginalize=integrated, random_seed=seed, progressbar=False
        )
    seconds = time.perf_counter() - start
    return seconds, fit.summary()


def main() -> None:
    """Fit both ways and compare."""
    groups, rows, seed = [*map(int, sys.argv[1:]), *(1000, 10, 1)[len(sys.argv) - 1 :]]
    model = bx.Model(FORMULA, simulated(groups, rows, seed))
    fitted(bx.Model(FORMULA, simulated(20, rows, seed)), True, seed)  # loads the kernels
    found = {}
    for way, integrated in WAYS.items():
        seconds, found[way] = fitted(model, integrated, seed)
        least = found[way]["Bulk_ESS"].min()
        print(f"{way}: {seconds:.1f} s, least ESS {least:.0f}, {least / seconds:.1f} a second")
    one, other = found.values()
    error = np.hypot(*(f["Est.Error"] / np.sqrt(f["Bulk_ESS"]) for f in found.values()))
    apart = ((one["Estimate"] - other["Estimate"]) / error).abs().max()
    print(f"largest difference of means: {apart:.1f} Monte Carlo errors")


if __name__ == "__main__":
    main()
