"""What is fitted: twelve models, seven of real data, five of simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import bayesmix as bx


@dataclass(frozen=True)
class Workload:
    """A model to time.

    Attributes
    ----------
    formula, family : str
    data : callable
        Makes or loads the data frame.
    draws, tune, chains : int
    peers : bool
        Whether other packages come to an end with it, within hours.
    """

    formula: str
    data: Callable[[], pd.DataFrame]
    family: str = "gaussian"
    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    peers: bool = True


def simulated_slopes(groups: int = 10_000, rows: int = 1_000_000) -> pd.DataFrame:
    """Gaussian responses with correlated intercepts and slopes, `rows` / `groups` rows a group."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(groups), rows // groups)
    x = rng.normal(size=rows)
    sd, cor = np.array([1.0, 0.5]), 0.3
    root = np.diag(sd) @ np.linalg.cholesky([[1.0, cor], [cor, 1.0]])
    r = rng.normal(size=(groups, 2)) @ root.T
    y = 2.0 + 0.5 * x + r[g, 0] + r[g, 1] * x + rng.normal(size=rows)
    return pd.DataFrame({"y": y, "x": x, "g": g})


def simulated_counts(rows: int = 100_000, first: int = 1000, second: int = 200) -> pd.DataFrame:
    """Poisson counts with two crossed factors."""
    rng = np.random.default_rng(2)
    a, b = rng.integers(first, size=rows), rng.integers(second, size=rows)
    x = rng.normal(size=rows)
    eta = 0.5 + 0.2 * x + 0.6 * rng.normal(size=first)[a] + 0.4 * rng.normal(size=second)[b]
    return pd.DataFrame({"y": rng.poisson(np.exp(eta)), "x": x, "first": a, "second": b})


def simulated_grades(rows: int = 100_000, groups: int = 1000) -> pd.DataFrame:
    """Grades from 1 to 5 with an intercept for each group."""
    rng = np.random.default_rng(3)
    g, x = rng.integers(groups, size=rows), rng.normal(size=rows)
    latent = 0.5 * x + 0.8 * rng.normal(size=groups)[g] + rng.logistic(size=rows)
    return pd.DataFrame({"y": 1 + np.digitize(latent, [-1.5, 0.0, 1.0, 2.5]), "x": x, "g": g})


def simulated_series(groups: int = 1000, times: int = 10) -> pd.DataFrame:
    """Responses at the same times in each group, whose residuals are autoregressive."""
    rng = np.random.default_rng(4)
    e = rng.normal(size=(groups, times))
    e[:, 0] /= 0.8
    for t in range(1, times):
        e[:, t] += 0.6 * e[:, t - 1]
    x = rng.normal(size=(groups, times))
    g, t = np.repeat(range(groups), times), np.tile(range(times), groups)
    return pd.DataFrame({"y": (1.0 + 0.5 * x + e).ravel(), "x": x.ravel(), "t": t, "g": g})


WORKLOADS = {
    "sleepstudy": Workload(
        "Reaction ~ 1 + Days + (1 + Days | Subject)", lambda: bx.load_dataset("sleepstudy")
    ),
    "gpa": Workload("gpa ~ occasion + (1 + occasion | student)", lambda: bx.load_dataset("gpa")),
    "verbagg": Workload(
        "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        lambda: bx.load_dataset("verbagg"),
        "bernoulli",
    ),
    "inhaler": Workload(
        "rating ~ treat + period + carry + (1 | subject)",
        lambda: bx.load_dataset("inhaler"),
        "cumulative",
    ),
    "epilepsy": Workload(
        "count ~ zAge + zBase * Trt + (1 | patient)",
        lambda: bx.load_dataset("epilepsy"),
        "zero_inflated_negbinomial",
    ),
    "kidney": Workload(
        "time | cens(censored) ~ age * sex + disease + (1 | patient)",
        lambda: bx.load_dataset("kidney"),
        "lognormal",
    ),
    "hazards": Workload(
        "time | cens(censored) ~ age + sex + (1 | patient)",
        lambda: bx.load_dataset("kidney"),
        "cox",
    ),
    "slopes": Workload("y ~ x + (1 + x | g)", simulated_slopes, peers=False),
    "counts": Workload(
        "y ~ x + (1 | first) + (1 | second)", simulated_counts, "poisson", peers=False
    ),
    "grades": Workload("y ~ x + (1 | g)", simulated_grades, "cumulative"),
    "autoregression": Workload("y ~ x + ar(t, gr=g, cov=True)", simulated_series, peers=False),
    "unstructured": Workload("y ~ x + unstr(t, gr=g)", simulated_series, peers=False),
}
