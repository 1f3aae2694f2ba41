"""Crossed groups that the data know well are sampled as easily as one of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.convergence import diagnose
from bayesmix.model import Model

SLOPE, SD_FIRST, SD_SECOND = 0.2, 0.6, 0.4


def counts(rows: int = 5000, levels: tuple[int, int] = (100, 20)) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    a, b = (rng.integers(size, size=rows) for size in levels)
    x = rng.normal(size=rows)
    effects = SD_FIRST * rng.normal(size=levels[0])[a] + SD_SECOND * rng.normal(size=levels[1])[b]
    return pd.DataFrame(
        {"y": rng.poisson(np.exp(0.5 + SLOPE * x + effects)), "x": x, "first": a, "second": b}
    )


@pytest.mark.slow
def test_crossed_counts_are_recovered_by_many_effective_draws() -> None:
    model = Model("y ~ x + (1 | first) + (1 | second)", counts(), "poisson")
    fit = model.fit(1000, 1000, sampler="fused", random_seed=1, progressbar=False)
    posterior = fit.idata["posterior"].to_dataset().transpose("chain", "draw", ...)
    values = [v.to_numpy().reshape(*v.shape[:2], -1) for v in posterior.data_vars.values()]
    found = diagnose(np.concatenate(values, axis=2))
    assert np.nanmin(found["Bulk_ESS"]) > 800
    assert np.nanmax(found["Rhat"]) < 1.02
    truth = {"b": (0.5, SLOPE), "sd_first": (SD_FIRST,), "sd_second": (SD_SECOND,)}
    for name, expected in truth.items():
        draws = posterior[name].to_numpy().reshape(-1, len(expected))
        assert (np.abs(draws.mean(axis=0) - expected) < 3.5 * draws.std(axis=0)).all()
