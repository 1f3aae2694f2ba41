"""What a user adds to the PyMC model counts, or is refused."""

from __future__ import annotations

import pymc as pm
import pytest

from bayesmix.datasets import load_dataset
from bayesmix.errors import BayesmixWarning, SamplingError
from bayesmix.model import Model
from bayesmix.pymc_model import changes_of
from bayesmix.sampling import fused_nuts
from bayesmix.sampling.fused_nuts import SIGNATURES, unknown_nutpie
from bayesmix.sampling.samplers import SAMPLERS, find_sampler

FORMULA = "Reaction ~ Days + (1 | Subject)"
SMALL = {"draws": 1000, "tune": 1000, "chains": 4, "random_seed": 1, "progressbar": False}


@pytest.fixture
def model() -> Model:
    return Model(FORMULA, load_dataset("sleepstudy"))


def test_a_model_that_was_only_looked_at_is_as_it_was(model: Model) -> None:
    assert "pymc" not in model.__dict__
    assert changes_of(model.pymc) == ((), ())
    assert find_sampler("auto", model._problem()) is SAMPLERS["fused"]


def test_what_was_added_is_named_and_goes_to_nutpie(model: Model) -> None:
    with model.pymc:
        pm.Potential("around_80", -0.5 * (model.pymc["sigma"] - 80.0) ** 2)
        pm.Normal("extra")
        pm.Deterministic("twice", 2 * model.pymc["sigma"])
    problem = model._problem()
    assert problem.own == ("extra", "twice")
    assert problem.changes == (
        "the random variable 'extra' was added",
        "the deterministic 'twice' was added",
        "the potential 'around_80' was added",
    )
    assert find_sampler("auto", problem) is SAMPLERS["nutpie"]
    with pytest.raises(SamplingError, match=r"model.pymc was changed \(.*'around_80' was added"):
        model.fit(sampler="fused")
    with pytest.raises(SamplingError, match="'around_80' was added"):
        model.fit(parametrization="centered")


def test_a_transform_and_data_count(model: Model) -> None:
    made = model.pymc
    made.rvs_to_transforms[made["sigma"]] = None
    assert changes_of(made)[0] == ("the transform of 'sigma' was replaced",)
    with made:
        pm.Data("more", [1.0])
    assert "the data 'more' was added" in changes_of(made)[0]


@pytest.mark.slow
def test_the_extended_model_is_sampled(model: Model) -> None:
    with model.pymc:
        pm.Potential("around_80", -50.0 * (model.pymc["sigma"] - 80.0) ** 2)
        pm.Deterministic("twice", 2 * model.pymc["sigma"])
    fit = model.fit(**SMALL)
    posterior = fit.idata["posterior"]
    assert posterior.attrs["sampler"] == "nutpie"
    assert float(posterior["sigma"].mean()) == pytest.approx(80, abs=1)
    assert float(posterior["twice"].mean()) == pytest.approx(160, abs=2)
    assert fit.posterior_epred(random_seed=1).shape == (4000, 180)


def test_nutpies_private_names_are_those_we_know() -> None:
    assert unknown_nutpie() is None


def test_another_nutpie_is_no_reason_to_fail(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = SIGNATURES | {"LogpFunc": "ptr, something_else"}
    monkeypatch.setattr(fused_nuts, "SIGNATURES", changed)
    unknown_nutpie.cache_clear()
    try:
        with pytest.warns(BayesmixWarning, match=r"has another LogpFunc\(\).*through PyMC"):
            assert find_sampler("auto", model._problem()) is SAMPLERS["nutpie"]
        with pytest.raises(SamplingError, match="another LogpFunc"):
            find_sampler("fused", model._problem())
    finally:
        unknown_nutpie.cache_clear()
