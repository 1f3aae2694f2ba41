"""The response and its addition terms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.errors import BayesmixError, DataError

from ..support import frame

DATA = frame()


@pytest.mark.parametrize(
    ("response", "family", "y"),
    [
        ("y", "gaussian", DATA["y"]),
        ("I(y / 2)", "gaussian", DATA["y"] / 2),
        ("log(z)", "gaussian", np.log(DATA["z"])),
        ("scale(y)", "gaussian", (DATA["y"] - DATA["y"].mean()) / DATA["y"].std()),
        ("count", "poisson", DATA["count"]),
        ("flag", "bernoulli", DATA["flag"]),
        ("h", "bernoulli", DATA["h"] == "v"),
        ("I(y > 2)", "bernoulli", DATA["y"] > 2),
        ("I(h == 'u')", "bernoulli", DATA["h"] == "u"),
        ("hits | trials(tries)", "binomial", DATA["hits"]),
        ("hits | trials(9)", "binomial", DATA["hits"]),
    ],
)
def test_values(response: str, family: str, y: pd.Series) -> None:
    made = build_spec(f"{response} ~ x", DATA, family).response.data
    np.testing.assert_allclose(made.y, y.to_numpy(float))
    assert made.y.dtype == float


def test_additions() -> None:
    made = build_spec("hits | trials(tries + 1) + weights(w / 2) ~ x", DATA, "binomial")
    np.testing.assert_allclose(made.response.data.aux["trials"], DATA["tries"] + 1)
    np.testing.assert_allclose(made.response.data.aux["weights"], DATA["w"] / 2)
    fixed = build_spec("hits | trials(9) ~ x", DATA, "binomial").response.data
    np.testing.assert_allclose(fixed.aux["trials"], np.full(len(DATA), 9.0))


def test_a_category_keeps_its_labels() -> None:
    made = build_spec("h ~ x", DATA, "bernoulli").response.data
    assert (made.name, made.levels) == ("h", ("u", "v"))
    turned = DATA.assign(h=pd.Categorical(DATA["h"], ["v", "u"]))
    assert build_spec("h ~ x", turned, "bernoulli").response.data.y.tolist() == [
        float(v == "u") for v in DATA["h"]
    ]


def test_a_name_in_backticks() -> None:
    data = DATA.assign(**{"my y": DATA["y"]})
    assert build_spec("`my y` ~ x", data).response.data.name == "my y"
    assert build_spec("log(`my y` + 99) ~ x", data).response.data.name == "log(my y + 99)"


@pytest.mark.parametrize(
    ("formula", "family", "message"),
    [
        ("f ~ x", "gaussian", "response 'f' is a category with the levels 'c', 'a', 'b'"),
        ("flag ~ x", "gaussian", "response 'flag' is a category with the levels False, True"),
        ("f ~ x", "bernoulli", "response 'f' has 3 levels"),
        ("C(f) ~ x", "bernoulli", r"'C\(f\)' must be numeric here"),
        ("poly(x, 2) ~ z", "gaussian", r"'poly\(x, 2\)' must be one column here"),
        ("count ~ x", "bernoulli", "must be 0 or 1"),
        ("y ~ x", "poisson", "whole numbers"),
        ("hits ~ x", "binomial", r"Family 'binomial' needs trials\(\)"),
        ("hits | trials(h) ~ x", "binomial", "'h' must be numeric here"),
        ("hits | trials(1) ~ x", "binomial", r"must not be larger than its trials\(\)"),
        ("hits | trials(tries / 2) ~ x", "binomial", "whole numbers"),
        ("hits | trials('9') ~ x", "binomial", "'9' must be numeric here"),
        ("y | trials(tries) ~ x", "gaussian", r"Family 'gaussian' can't use trials\(\)"),
        ("y | weights(w - 1) ~ x", "gaussian", r"weights\(\) must not be negative; it is -0.* row"),
        ("y | weights(flag) ~ x", "gaussian", "'flag' must be numeric here"),
        ("log(0 * y) ~ x", "gaussian", r"is not finite in rows 0, 1, 2, .* and 50 more"),
    ],
)
def test_what_can_not_be(formula: str, family: str, message: str) -> None:
    with pytest.raises(BayesmixError, match=message):
        build_spec(formula, DATA, family)


@pytest.mark.parametrize("name", ["b", "sigma", "obs", "sd_g", "Intercept", "chain", "g"])
def test_a_response_called_like_something_of_the_results(name: str) -> None:
    with pytest.raises(DataError, match=f"The response can't be called '{name}'"):
        build_spec(f"`{name}` ~ x + (1 | g)", DATA.assign(**{name: DATA["y"]}))
