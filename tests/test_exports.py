"""What `import bayesmix` gives, and what it leaves for later."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import bayesmix as bx

HEAVY = (
    "pymc",
    "pytensor",
    "nutpie",
    "numba",
    "matplotlib",
    "arviz",
    "arviz_plots",
    "arviz_stats",
    "joblib",
    "rich",
    "scipy.stats",
    "zarr",
)


def test_all_is_what_there_is():
    public = [
        name
        for name, value in vars(bx).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    ]
    assert sorted(bx.__all__) == sorted(public)


def test_completion_offers_what_is_public():
    assert dir(bx) == sorted(bx.__all__)
    model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
    formula, prior = bx.bf("y ~ x", sigma="x"), bx.prior("normal(0, 1)", "sd", lb=0)
    assert repr(formula) == "<formula y ~ x\n         sigma ~ x>"
    assert repr(bx.mv("y ~ x", "z ~ x")) == "<formula y ~ x\n         z ~ x>"
    assert repr([prior]) == '[prior("normal(0, 1)", "sd", lb=0)]'
    html = model._repr_html_()
    assert "Reaction ~ Days" in html and "student_t(3, 288.7, 59.3)" in html
    assert "three hours in bed" in bx.describe_dataset("sleepstudy")._repr_html_()


def test_everything_public_says_what_it_is():
    silent = [name for name in bx.__all__ if name != "NA" and not getattr(bx, name).__doc__]
    assert not silent and repr(bx.NA) == "bayesmix.NA"


def test_importing_is_light():
    code = f"import sys, bayesmix; print(*[m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_engine_leaves_matplotlib_alone() -> None:
    """nutpie imports ArviZ for what isn't asked of it here; later both are as they should be."""
    code = (
        "import sys\n"
        "from bayesmix.sampling.fused_nuts import unknown_nutpie\n"
        "assert unknown_nutpie() is None\n"
        "assert not {'arviz', 'arviz_plots', 'matplotlib'} & set(sys.modules)\n"
        "made = sys.modules['nutpie.sample'].arviz.from_dict\n"
        "import arviz\n"
        "assert made is arviz.from_dict and sys.modules['arviz'] is arviz\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
