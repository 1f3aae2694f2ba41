"""The worked example of the engine's README."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesmix.build import build_spec
from bayesmix.engine.kernels.tables import GROUP, PREDICTOR, SCALAR
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.packing import _Packer

DATA = pd.DataFrame(
    {"y": np.arange(6.0) ** 2, "x": [0.1, 0.4, 0.2, 0.9, 0.3, 0.8], "g": list("abcabc")}
)
SPEC = build_spec("y ~ 1 + x + (1 | g)", DATA)
LAYOUT = build_layout(SPEC)


def test_where_parameters_stand() -> None:
    places = {name: (at.start, at.stop) for name, at in LAYOUT.at.items()}
    assert places == {"b": (0, 2), "sd_g": (2, 3), "r_g": (3, 6), "sigma": (6, 7)}


def test_what_the_tables_say() -> None:
    tables = _Packer(SPEC, LAYOUT).tables()
    scalars, (group,) = tables["scalars"], tables["groups"]
    assert scalars.dtype == SCALAR and scalars["at"].tolist() == [0, 1, 2, 6]
    assert tables["groups"].dtype == GROUP
    assert (group["sd"], group["effects"], group["size"], group["k"]) == (2, 3, 3, 1)
    mu, sigma = tables["predictors"]
    assert tables["predictors"].dtype == PREDICTOR
    assert (mu["intercept"], mu["slopes"], mu["n_terms"], sigma["constant"]) == (0, 1, 1, 1)
    assert tables["terms"]["at"].tolist() == [3] and tables["blocks"].size == 0


def test_the_gradient_is_that_of_the_density() -> None:
    density, x = build_density(SPEC, LAYOUT), np.linspace(-0.4, 0.6, 7)
    step = 1e-6 * np.eye(7)
    numerical = [(density(x + h)[0] - density(x - h)[0]) / 2e-6 for h in step]
    np.testing.assert_allclose(density(x)[1], numerical, rtol=1e-6)
