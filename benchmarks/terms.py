"""What the engine makes of special terms: fits by it and through PyMC, by turns.

``python terms.py [--pairs N] [--only NAME …]`` prints medians over pairs of fits and of the ratio
within a pair, and writes them to ``terms.json``, beside those of other models that it has.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bayesmix as bx
from bayesmix.engine import compile_fused

FILE = Path(__file__).with_name("terms.json")
SAMPLERS = {"engine": "fused", "PyMC": "nutpie"}
FIT = {"draws": 1000, "tune": 1000, "chains": 4, "progressbar": False}
FEW = {"draws": 100, "tune": 100, "chains": 2}
"""Where a thousand draws through PyMC take many minutes."""


@dataclass(frozen=True)
class Term:
    """A model whose special term is looked at.

    Attributes
    ----------
    text : str
        The model in words.
    model : callable
        Makes it.
    pairs : int
        How often it is fitted both ways.
    options : mapping
        Of these fits, in place of `FIT`'s.
    """

    text: str
    model: Callable[[], bx.Model]
    pairs: int = 5
    options: Mapping[str, int] = field(default_factory=dict)


def orange() -> bx.Model:
    """Growth curves."""
    trees = bx.load_dataset("orange")
    curve = bx.curve("SSlogis", "circumference ~ age", trees, Asym="1 + (1 | Tree)")
    priors = [
        bx.prior("normal(190, 50)", nlpar="Asym"),
        bx.prior("normal(700, 200)", nlpar="xmid"),
        bx.prior("normal(350, 100)", nlpar="scal", lb=0),
    ]
    return bx.Model(curve.formula, trees, prior=priors)


def steps() -> bx.Model:
    """Steps that differ in size, more or less from group to group."""
    rng = np.random.default_rng(1)
    g, o = np.repeat(np.arange(20), 20), rng.integers(1, 6, size=400)
    heights = np.array([0.0, 1.0, 1.2, 1.5, 3.0])[o - 1]
    slopes = 1.0 + 0.5 * rng.normal(size=20)
    data = pd.DataFrame({"o": o, "g": g})
    data["y"] = rng.normal(size=20)[g] + slopes[g] * heights + rng.normal(size=400)
    return bx.Model("y ~ mo(o) + (1 + mo(o) | g)", data)


def eruptions() -> bx.Model:
    """Two kinds of waiting times."""
    return bx.Model("waiting ~ 1", bx.load_dataset("faithful"), bx.mixture("gaussian", "gaussian"))


def places() -> bx.Model:
    """A smooth function of 120 places."""
    rng = np.random.default_rng(1)
    x = rng.uniform(size=120)
    data = pd.DataFrame({"x": x, "y": np.sin(6 * x) + rng.normal(0, 0.3, x.size)})
    return bx.Model("y ~ gp(x)", data)


LENGTH, WIDTH = bx.bf("length ~ x + (1 | i | g)"), bx.bf("width ~ x + (1 | i | g)")
COUNT = bx.bf("count ~ x + (1 | i | g)", family="poisson")


def responses(formula: Any) -> bx.Model:
    """Lengths, widths and counts whose effects of 50 groups are correlated, 20 rows each."""
    rng = np.random.default_rng(1)
    g, x = np.repeat(np.arange(50), 20), rng.normal(size=1000)
    effects = rng.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 0.36]], 50)[g]
    data = pd.DataFrame({"x": x, "g": g})
    data["length"] = 2.0 + 0.5 * x + effects[:, 0] + rng.normal(size=x.size)
    data["count"] = rng.poisson(np.exp(0.5 + 0.3 * x + effects[:, 1]))
    data["width"] = data["length"] / 2 - effects[:, 1] + rng.normal(size=x.size)
    return bx.Model(formula, data)


TERMS: Mapping[str, Term] = {
    "a curve": Term("orange trees: `SSlogis`, asymptotes by tree", orange),
    "steps": Term("`mo(o) + (1 + mo(o) | g)`, 400 rows, 20 groups", steps, 3),
    "a mixture": Term("Old Faithful: two normal components in order", eruptions, 3),
    "places": Term("an exact process at 120 places, 100 draws of two chains", places, 3, FEW),
    "two responses": Term(
        "`mv(length, count)`, each `~ x + (1 | i | g)`, 1000 rows, 50 groups",
        partial(responses, bx.mv(LENGTH, COUNT)),
        3,
    ),
    "residuals in common": Term(
        "`mv(length, width)`, residuals correlated, too",
        partial(responses, bx.mv(LENGTH, WIDTH)),
        3,
    ),
    "lengths": Term("`length` alone, effects integrated out", partial(responses, LENGTH), 3),
    "counts": Term("`count` alone", partial(responses, COUNT), 3),
}


def measure(term: Term, pairs: int | None) -> dict[str, float]:
    """Seconds of fits by turns, effective draws, and microseconds of one gradient."""
    seconds: dict[str, list[float]] = {how: [] for how in SAMPLERS}
    draws: dict[str, list[float]] = {how: [] for how in SAMPLERS}
    compile_fused(term.model().spec)
    for k in range(pairs or term.pairs):
        for how, sampler in SAMPLERS.items():
            model, before = term.model(), time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fit = model.fit(sampler=sampler, random_seed=k, **FIT | term.options)
            seconds[how].append(time.perf_counter() - before)
            draws[how].append(float(fit.summary()["Bulk_ESS"].min()))
            print(f"  {how}: {seconds[how][-1]:.3g} s", flush=True)
    ratios = [slow / fast for fast, slow in zip(*seconds.values(), strict=True)]
    return {
        **{f"{how}_s": statistics.median(s) for how, s in seconds.items()},
        **{f"{how}_ess": statistics.median(d) for how, d in draws.items()},
        "ratio": statistics.median(ratios),
        "pairs": len(ratios),
        "gradient_us": gradient(term.model()),
    }


def gradient(model: bx.Model, times: int = 2000) -> float:
    """Microseconds of one evaluation, the call from Python in them."""
    fused = compile_fused(model.spec)
    density, x, found = fused.density, fused.initial_point(1), []
    for _ in range(9):
        before = time.perf_counter()
        for _ in range(times):
            density(x)
        found.append((time.perf_counter() - before) / times)
    return 1e6 * statistics.median(found)


def main() -> None:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--only", nargs="+", choices=TERMS, default=list(TERMS))
    args = parser.parse_args()
    known: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {"results": {}}
    known["machine"] = {"cores": os.cpu_count(), "python": platform.python_version()}
    for name in args.only:
        print(TERMS[name].text)
        known["results"][name] = {"text": TERMS[name].text, **measure(TERMS[name], args.pairs)}
        print(
            "  "
            + "  ".join(f"{k}={v:.4g}" for k, v in known["results"][name].items() if k != "text")
        )
        FILE.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
