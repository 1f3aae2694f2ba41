"""Fits with integrated effects have the posterior of those without."""

from __future__ import annotations

import arviz as az
import numpy as np
import pandas as pd
import pytest

from bayesmix.datasets import load_dataset
from bayesmix.model import Model
from bayesmix.priors import prior

SETTINGS = {"sampler": "fused", "progressbar": False, "target_accept": 0.99}


def numbers(fit) -> np.ndarray:
    """Every number of the posterior that varies: chain × draw × number."""
    posterior = fit.idata["posterior"].to_dataset().transpose("chain", "draw", ...)
    parts = [v.to_numpy().reshape(*v.shape[:2], -1) for v in posterior.data_vars.values()]
    values = np.concatenate(parts, axis=2)
    return values[:, :, np.ptp(values, axis=(0, 1)) > 1e-9]


def scores(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Differences of means, in Monte Carlo standard errors."""
    size = [
        [float(az.ess(v[:, :, i], method="mean")) for i in range(v.shape[2])] for v in (one, other)
    ]
    variance = sum(v.var((0, 1)) / s for v, s in zip((one, other), np.array(size), strict=True))
    return (one.mean((0, 1)) - other.mean((0, 1))) / np.sqrt(variance)


def check_same(model: Model, draws: int) -> None:
    one, other = (
        numbers(model.fit(draws, draws, random_seed=s, marginalize=m, **SETTINGS))
        for s, m in ((1, True), (2, False))
    )
    centre = np.concatenate([one, other], axis=1).mean((0, 1))
    for values in ((one, other), (np.abs(one - centre), np.abs(other - centre))):
        z = scores(*values)
        assert np.abs(z).max() < 4.5
        assert (z**2).mean() < 2.5


def test_sleep_study_is_the_same():
    check_same(Model("Reaction ~ Days + (Days | Subject)", load_dataset("sleepstudy")), 1000)


def simulated() -> pd.DataFrame:
    """Twenty levels of g, each in one of t, crossed with eight of h."""
    rng = np.random.default_rng(1)
    g, h = np.repeat(np.arange(20), 12), np.tile(np.arange(8), 30)
    x, r = rng.normal(1.0, 1.0, 240), rng.normal(size=(20, 2))
    columns = {
        "g": g,
        "h": h,
        "t": g % 2,
        "x": x,
        "f": rng.choice(list("abc"), 240),
        "o": rng.normal(size=240),
        "w": rng.uniform(0.5, 2.0, 240),
        "y": 1.0 + x + r[g, 0] + r[g, 1] * x + rng.normal(size=8)[h] + rng.normal(size=240),
    }
    return pd.DataFrame(columns)


@pytest.mark.slow
@pytest.mark.parametrize(
    "formula",
    [
        "y | weights(w) ~ x + offset(o) + (x | g) + (1 | h)",
        "y ~ x + (x | gr(g, by=t)) + (1 | h)",
        "y ~ f + (x || g) + (1 | t:h)",
    ],
)
def test_posterior_is_the_same(formula):
    sd = prior("gamma(4, 4)", "sd")
    check_same(Model(formula, simulated(), prior=sd), 2000)
