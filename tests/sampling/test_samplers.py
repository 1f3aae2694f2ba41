import subprocess
import sys

import pytest

from bayesmix.build import build_spec
from bayesmix.errors import SamplingError
from bayesmix.model import Model
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.samplers import SAMPLERS, Sampler, find_sampler


@pytest.fixture(scope="module")
def spec():
    return build_spec("y ~ x", {"x": [0.0, 1.0, 2.0], "y": [0.5, 1.0, 2.5]})


@pytest.fixture(scope="module")
def problem(spec):
    return Problem(spec, lambda: None)


def test_auto_is_the_engine_where_it_takes_the_model(problem):
    assert find_sampler("auto", problem) is SAMPLERS["fused"]


def test_auto_is_nutpie_elsewhere(problem, monkeypatch):
    monkeypatch.setattr("bayesmix.sampling.samplers.uncovered", lambda spec: "it is too new")
    assert find_sampler("auto", problem) is SAMPLERS["nutpie"]


@pytest.mark.parametrize("name", ["nuts", "Nutpie", "", None, 3])
def test_an_unknown_sampler_lists_those_there_are(name, problem):
    with pytest.raises(SamplingError, match="'auto', 'fused', 'nutpie', 'pymc', 'numpyro', 'bla"):
        find_sampler(name, problem)


def test_a_near_name_is_offered(problem):
    with pytest.raises(SamplingError, match="Did you mean 'nutpie'"):
        find_sampler("nutpy", problem)


def test_a_package_that_is_not_installed_is_named(monkeypatch, problem):
    absent = SAMPLERS | {"numpyro": Sampler(SAMPLERS["numpyro"].sample, ("no_such_package",))}
    monkeypatch.setattr("bayesmix.sampling.samplers.SAMPLERS", absent)
    with pytest.raises(SamplingError, match=r"pip install no_such_package\. Installed .*'pymc'"):
        find_sampler("numpyro", problem)


@pytest.mark.parametrize("sampler", ["nutpie", "pymc"])
def test_a_parametrization_is_the_engines(sampler, spec):
    with pytest.raises(SamplingError, match="Use sampler='fused'"):
        Model.from_spec(spec).fit(sampler=sampler, parametrization="centered", progressbar=False)


def test_importing_is_light():
    code = (
        "import sys, bayesmix.model\n"
        "heavy = {'pymc', 'pytensor', 'nutpie', 'numba', 'arviz', 'arviz_stats', 'matplotlib'}\n"
        "print(*heavy & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
