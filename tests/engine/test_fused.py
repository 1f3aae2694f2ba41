from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bayesmix.build import build_spec
from bayesmix.engine import compile_fused, uncovered
from bayesmix.engine.plan.start import Start
from bayesmix.errors import SamplingError
from bayesmix.families import FAMILIES, family
from bayesmix.formula import bf, mv
from bayesmix.variables import variable_dims

from .models import OF_CATEGORY, RESPONSES, rows, spec_of

LINKS = [(f.name, d.name, link) for f in FAMILIES.values() for d in f.dpars for link in d.links]


def test_importing_the_engine_loads_no_compiler_and_no_sampler() -> None:
    code = (
        "import sys, bayesmix.engine;"
        "print(sorted({'numba', 'nutpie', 'pymc', 'pytensor'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (1 + x | g) + (1 | k)",
        "y ~ x + (1 + x | gr(g, by=by_g))",
        bf("y ~ 0 + x + (1 | i | g)", sigma="z + (1 | i | g)"),
        mv("y ~ x + (1 | i | g)", bf("count ~ z + (1 | i | g)", family="poisson")),
    ],
)
def test_the_posterior_has_the_variables_of_the_model(formula: object) -> None:
    spec = spec_of(formula)
    fused = compile_fused(spec, marginalize=False)
    x = np.stack([fused.initial_point(seed) for seed in range(6)]).reshape(2, 3, -1)
    posterior = fused.posterior(x)
    dims = variable_dims(spec)
    assert list(posterior) == list(dims)
    assert all(posterior[name].shape[:2] == (2, 3) for name in dims)
    assert all(posterior[name].ndim == 2 + len(dims[name]) for name in dims)


@pytest.mark.parametrize(("name", "dpar", "link"), LINKS)
def test_every_model_has_a_place_to_start(name: str, dpar: str, link: str) -> None:
    formula = f"{RESPONSES[name]} ~ x + (1 + x | g)" if dpar == "mu" else f"{RESPONSES[name]} ~ 1"
    others = {} if dpar == "mu" else {OF_CATEGORY.get((name, dpar), dpar): "x + (1 + x | g)"}
    spec = spec_of(bf(formula, **others), family(name).with_link(dpar, link))
    for choice in ("centered", "noncentered"):
        fused = compile_fused(spec, choice, marginalize=False)
        starts = [fused.initial_point(seed) for seed in (1, 2)]
        assert all(np.isfinite(fused.sampled(x)[0]) for x in starts)
        assert not np.array_equal(*starts)
        np.testing.assert_array_equal(fused.initial_point(1), starts[0])


def test_starts_are_near_what_the_data_say() -> None:
    spec = spec_of("y ~ x + (1 | g)")
    fused = compile_fused(spec, "noncentered", marginalize=False)
    y = spec.response.data.y
    for seed in range(5):
        found = fused.posterior(fused.initial_point(seed))
        assert abs(found["b"][0] + found["b"][1] * 3 - y.mean()) < y.std()
        assert 0.2 < found["sigma"] / y.std() < 5


def test_a_density_that_is_nowhere_finite_has_no_start() -> None:
    start = Start(lambda x: (-np.inf, x), np.zeros(3), np.ones(3))
    with pytest.raises(SamplingError, match="No chain found a place to start"):
        start.point(np.random.default_rng(1))


def test_it_says_what_runs() -> None:
    spec = spec_of("y ~ x + (1 | g) + (1 | k)")
    choice = {"g": "centered", "k": "noncentered"}
    assert compile_fused(spec, choice, marginalize=False).description == (
        "fused, g centered, k noncentered"
    )
    assert compile_fused(spec, choice).description == "fused, g centered, k noncentered"
    assert (
        compile_fused(spec, {"g": "centered"}).description == "fused, k integrated out, g centered"
    )
    assert compile_fused(spec, {"k": "noncentered"}).description == (
        "fused, g integrated out, k noncentered"
    )
    assert compile_fused(spec, "centered").description == "fused, g integrated out, k centered"


def test_what_it_cannot_take_it_says() -> None:
    spec = spec_of("y ~ x")
    response = replace(spec.response, family=replace(spec.family, row=None))
    without = replace(spec, responses=(response,))
    assert uncovered(spec) is None
    assert uncovered(without) == "family 'gaussian' has no kernel"
    with pytest.raises(SamplingError, match="family 'gaussian' has no kernel"):
        compile_fused(without)


@pytest.mark.parametrize("marginalize", [True, False])
def test_units_of_the_sampler_are_another_scale_of_the_same(marginalize: bool) -> None:
    data = rows()
    tiny = build_spec("y ~ x + (1 + x | g)", data.assign(y=data["y"] * 1e-6))
    fused = compile_fused(tiny, marginalize=marginalize)
    assert fused.units is not None and fused.units.min() < 1e-3
    u = fused.initial_point(1)
    logp, grad = fused.sampled(u)
    expected, slope = fused.density(u * fused.units)
    assert logp == expected
    np.testing.assert_allclose(grad, slope * fused.units)
    again = fused.posterior(u[None], 1)["b"]
    assert np.abs(again).max() < 1e-3
