"""Models and points at which two evaluations of one density are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.build import build_spec
from bayesmix.engine.plan.density import Density, build_density
from bayesmix.engine.plan.layout import Layout, build_layout, numbers_of
from bayesmix.spec import ModelSpec

from ..support import frame, relatives, ring

RESPONSES = {
    "gaussian": "y",
    "student": "y",
    "bernoulli": "yes",
    "binomial": "hits | trials(tries)",
    "poisson": "count",
    "negbinomial": "count",
    "lognormal": "z",
    "Gamma": "z",
    "zero_inflated_poisson": "count",
    "zero_inflated_negbinomial": "count",
    "hurdle_poisson": "count",
    "hurdle_negbinomial": "count",
    "hurdle_gamma": "amount",
    "hurdle_lognormal": "amount",
    "cumulative": "grade",
    "geometric": "count",
    "negbinomial2": "count",
    "discrete_weibull": "few",
    "com_poisson": "few",
    "beta_binomial": "hits | trials(tries)",
    "Beta": "share",
    "xbeta": "share_01",
    "zero_inflated_binomial": "hits | trials(tries)",
    "zero_inflated_beta_binomial": "hits | trials(tries)",
    "zero_inflated_beta": "share_0",
    "zero_inflated_asym_laplace": "share_0",
    "zero_one_inflated_beta": "share_01",
    "categorical": "f",
    "multinomial": "cbind(part_1, part_2, part_3) | trials(parts)",
    "dirichlet_multinomial": "cbind(part_1, part_2, part_3) | trials(parts)",
    "dirichlet": "cbind(share_1, share_2, share_3)",
    "dirichlet2": "cbind(share_1, share_2, share_3)",
    "logistic_normal": "cbind(share_1, share_2, share_3)",
    "hurdle_cumulative": "grade_0",
    "sratio": "grade",
    "cratio": "grade",
    "acat": "grade",
    "skew_normal": "y",
    "exgaussian": "y",
    "asym_laplace": "y",
    "gen_extreme_value": "y",
    "von_mises": "angle",
    "shifted_lognormal": "z",
    "exponential": "z",
    "weibull": "z",
    "frechet": "z",
    "inverse.gaussian": "z",
    "wiener": "z | dec(yes)",
    "cox": "z",
}
OF_CATEGORY = {("logistic_normal", "sigma"): "sigmashare2"}
"""A parameter that each category has, of one of them."""


def rows(n: int = 300) -> pd.DataFrame:
    """More rows than a block has, with columns that are the same in all rows of a level."""
    data = frame(n)
    data.loc[0, ["count", "tries", "hits"]] = 1_000_000, 1_000_000, 300_000
    data["of_g"] = data["g"].map({g: i**2 for i, g in enumerate("pqrstu")}).astype(float)
    data["by_g"] = np.where(data["g"].isin(["p", "q"]), "old", "new")
    data["end"] = data["z"] + np.linspace(0.1, 3, n)
    data["entry"] = data["z"] * np.linspace(0, 0.9, n)
    data["later"] = data["few"] + 2
    data["shots"] = np.minimum(data["tries"], 9)
    data["goals"] = np.minimum(data["hits"], data["shots"])
    data["known"] = np.resize(["none", "right", "left", "interval", "none"], n)
    data["of_level"] = data["g"].map(dict(zip("pqrstu", range(1, 7), strict=True))).astype(float)
    data["score"] = 5 - data["grade"]
    data["known_both"] = np.resize([True, True, False], n)
    data["mate"] = data["g"].to_numpy()[::-1]
    data["half"] = (data["grade"] > 2).astype(int)
    data["shift"] = np.linspace(-1, 1, n)
    return data


def spec_of(formula: Any, family: Any = "gaussian", prior: Any = ()) -> ModelSpec:
    data, matrices = rows(), {"A": relatives("uqtprs"), "W": ring("rpqtus")}
    steps = np.abs(np.subtract.outer(np.arange(len(data)), np.arange(len(data))))
    matrices["V"] = pd.DataFrame(0.5**steps * np.linspace(1, 2, len(data)), data.index, data.index)
    matrices["V"] = (matrices["V"] + matrices["V"].T) / 2
    return build_spec(formula, data, family, prior, data2=matrices)


def density_of(spec: ModelSpec) -> Density:
    return build_density(spec, build_layout(spec))


def points(layout: Layout, scales: tuple[float, ...] = (0.3, 1.0, 3.0)) -> Iterator[np.ndarray]:
    """Random points, and some with tiny standard deviations and extreme correlations."""
    rng = np.random.default_rng(1)
    for scale in scales:
        yield rng.normal(size=layout.n_dim) * scale
    x = rng.normal(size=layout.n_dim)
    for g in layout.groups:
        x[g.sd] = np.log(1e-4)
        for members, start in g.blocks:
            size = g.strata * numbers_of(g.priors, members)
            cpc = rng.choice([-0.999, 0.999], size)
            x[start : start + size] = np.log((1 + cpc) / (1 - cpc))
    if layout.groups:
        yield x
