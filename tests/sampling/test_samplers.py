import subprocess
import sys

import pytest

from bayesmix.errors import SamplingError
from bayesmix.sampling.samplers import SAMPLERS, Sampler, find_sampler


def test_auto_is_nutpie():
    assert find_sampler("auto") is SAMPLERS["nutpie"]


@pytest.mark.parametrize("name", ["nuts", "Nutpie", "", None, 3])
def test_an_unknown_sampler_lists_those_there_are(name):
    with pytest.raises(SamplingError, match="'auto', 'nutpie', 'pymc', 'numpyro', 'blackjax'"):
        find_sampler(name)


def test_a_near_name_is_offered():
    with pytest.raises(SamplingError, match="Did you mean 'nutpie'"):
        find_sampler("nutpy")


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    absent = SAMPLERS | {"numpyro": Sampler(SAMPLERS["numpyro"].sample, ("no_such_package",))}
    monkeypatch.setattr("bayesmix.sampling.samplers.SAMPLERS", absent)
    with pytest.raises(SamplingError, match=r"pip install no_such_package\. Installed .*'pymc'"):
        find_sampler("numpyro")


def test_importing_is_light():
    code = (
        "import sys, bayesmix.model\n"
        "heavy = {'pymc', 'pytensor', 'nutpie', 'numba', 'arviz', 'arviz_stats', 'matplotlib'}\n"
        "print(*heavy & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
