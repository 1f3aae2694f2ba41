import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.formula import bf
from bayesmix.priors import prior
from bayesmix.sampling.collect import Sampled
from bayesmix.variables import variable_coords, variable_dims

CHAINS, DRAWS = 2, 30


def _frame(levels=("b", "a", "c")):
    rng = np.random.default_rng(3)
    g = pd.Categorical(np.tile(levels, 8), categories=list(levels))
    t = pd.Categorical(np.where(g == levels[0], "old", "new"), categories=["old", "new"])
    return pd.DataFrame({"y": rng.normal(size=24), "x": rng.normal(3, 1, 24), "g": g, "t": t})


@pytest.fixture(scope="session")
def spec():
    """Correlated effects of two dpars, and an uncorrelated one."""
    formula = bf("y ~ x + (1 | i | g) + (0 + x | g)", sigma="1 + (1 | i | g)")
    return build_spec(formula, _frame(), prior=prior("normal(1, 2)", "b"))


@pytest.fixture(scope="session")
def by_spec():
    """Standard deviations and correlations for each level of t."""
    formula = bf("y ~ x + (1 + x | gr(g, by=t))")
    return build_spec(formula, _frame(), prior=prior("normal(1, 2)", "b"))


def _made(spec, **stats):
    """Made-up output of a sampler for a spec: standard normal, all of it."""
    rng = np.random.default_rng(5)
    sizes = {dim: len(at) for dim, at in variable_coords(spec).items()}
    values = {
        name: rng.normal(size=(CHAINS, DRAWS, *(sizes[d] for d in dims)))
        for name, dims in variable_dims(spec).items()
    }
    diverging = {"diverging": np.zeros((CHAINS, DRAWS), bool)}
    return Sampled(values, diverging | stats, "nutpie", "nutpie", 1.5)


@pytest.fixture(scope="session")
def frame():
    return _frame


@pytest.fixture(scope="session")
def made():
    return _made
