"""Times of what is done with a fit: predictions of VerbAgg, and cross-validation by person.

    python benchmarks/reading.py

VerbAgg has 7,584 rows; every prediction is for them and 4,000 draws. Medians of some runs.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

import bayesmix as bx

RUNS = 5


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    predictions()
    cross_validation()
    quadrature()


def predictions() -> None:
    """Draws and tables of all rows of VerbAgg."""
    model = bx.Model(
        "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        bx.load_dataset("verbagg"),
        "bernoulli",
    )
    fit = model.fit(random_seed=1, progressbar=False)
    asked: dict[str, Callable[[], Any]] = {
        "an array of that size, filled": lambda: np.full((4000, 7584), 1.0),
        "posterior_epred": fit.posterior_epred,
        "posterior_predict": lambda: fit.posterior_predict(random_seed=1),
        "log_lik": fit.log_lik,
        "fitted (a table)": fit.fitted,
        "avg_slopes('Anger')": lambda: fit.avg_slopes("Anger"),
    }
    print("VerbAgg, 7,584 rows × 4,000 draws")
    for name, ask in asked.items():
        print(f"  {name:32} {_seconds(ask):6.2f} s")


def cross_validation() -> None:
    """Leave one person out of the sleep study after the other."""
    sleep = bx.load_dataset("sleepstudy")
    fit = bx.brm("Reaction ~ Days + (Days | Subject)", sleep, random_seed=1, progressbar=False)
    how = {"group": "Subject", "random_seed": 1, "progressbar": False}
    print("Sleep study, kfold(group='Subject'), 18 fits of 4 × 1,000 draws")
    print(f"  {'in this process':32} {_seconds(lambda: fit.kfold(**how)):6.2f} s")


def quadrature() -> None:
    """Errors of rules for the population's mean of a logistic curve, at large deviations."""
    print("Mean of expit(1 + sd z): relative errors")
    print(f"  {'sd':>4} {'points':>7} {'trapezoid':>10} {'Gauss–Hermite':>14}")
    z = np.linspace(-14, 14, 400_001)
    w = np.exp(-0.5 * z**2)
    for sd in (0.5, 1.0, 2.0, 5.0, 10.0):
        exact = special.expit(1 + sd * z) @ w / w.sum()
        x, v = _trapezoid(sd)
        mine = special.expit(1 + sd * x) @ v
        hx, hv = special.roots_hermitenorm(len(x))
        theirs = special.expit(1 + sd * hx) @ hv / hv.sum()
        errors = abs(mine / exact - 1), abs(theirs / exact - 1)
        print(f"  {sd:4g} {len(x):7d} {errors[0]:10.0e} {errors[1]:14.0e}")


def _trapezoid(sd: float) -> tuple[np.ndarray, np.ndarray]:
    from bayesmix.predict.population import _rule

    return _rule(sd)


def _seconds(ask: Callable[[], Any]) -> float:
    """The median time of some calls, after one that isn't counted."""
    ask()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
