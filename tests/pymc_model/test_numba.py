"""What numba makes of the group effects, against the same graph in Python.

With indexed assignment the two differed, for ``gr(by=)`` (PyTensor 3.3.7).
"""

import numpy as np
import pandas as pd
import pytensor
import pytest
from pytensor.compile.mode import Mode

from bayesmix.formula import bf
from bayesmix.model import Model

pytestmark = pytest.mark.slow

IN_PYTHON = Mode("py", None)
G = np.arange(24) % 4
DATA = pd.DataFrame(
    {
        "y": np.linspace(-1, 1, 24),
        "x": np.sin(np.arange(24)),
        "z": np.cos(2.0 * np.arange(24)),
        "g": G,
        "t": np.where(G < 2, "a", "b"),
    }
)
FORMULAS = {
    "by": "y ~ x + (1 + x | gr(g, by=t))",
    "three": "y ~ x + (1 + x + z | g)",
    "blocks": bf("y ~ x + (0 + z | g) + (1 + x | i | g)", sigma="1 + (1 | i | g)"),
}


def evaluated(model, names, mode):
    """Variables at one random point."""
    outputs = model.replace_rvs_by_values([model[name] for name in names])
    function = pytensor.function(model.value_vars, outputs, mode=mode, on_unused_input="ignore")
    rng = np.random.default_rng(1)
    return function(*(rng.normal(size=np.shape(v)) for v in model.initial_point().values()))


def test_correlations_of_strata_are_the_same():
    model = Model(FORMULAS["by"], DATA).pymc
    (compiled,), (plain,) = (evaluated(model, ["cor_g"], m) for m in ("NUMBA", IN_PYTHON))
    np.testing.assert_allclose(np.diagonal(compiled, axis1=-2, axis2=-1), 1)
    np.testing.assert_allclose(compiled, plain, rtol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_effects_are_the_same(name):
    model = Model(FORMULAS[name], DATA).pymc
    both = (evaluated(model, ["cor_g", "r_g"], mode) for mode in ("NUMBA", IN_PYTHON))
    for compiled, plain in zip(*both, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-12)
