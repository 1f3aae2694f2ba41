"""Simulation-based calibration: ``python benchmarks/calibration.py [CASE …] [--sets N] [--out F]``.

Parameters are drawn from the prior, responses from the parameters, and the model is fitted to
them. Over many data sets the rank of the true value among the posterior's draws is uniform for
every quantity, if and only if prior, likelihood and sampler belong to one model. The log
likelihood is among the quantities: its rank finds errors that leave each parameter's alone.

References
----------
S. Talts et al. (2018), Validating Bayesian inference algorithms with simulation-based calibration.
M. Modrák et al. (2025), Simulation-based calibration checking for Bayesian computation: the choice
of test quantities shapes sensitivity. Bayesian Analysis 20(2).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from scipy import stats

import bayesmix as bx

RANKS = 99
"""Draws that a true value is ranked among."""
EVERY = 16
"""Of so many draws one is kept, so that those are nearly independent."""
SAMPLING = {"draws": RANKS * EVERY // 2, "tune": 500, "chains": 2, "cores": 1, "progressbar": False}
BINS = 20


@dataclass(frozen=True)
class Calibration:
    """A model to calibrate: every prior is given, so that none hangs on the response.

    Attributes
    ----------
    formula : str or Formula
    family : str or Family
    priors : tuple of Prior
    levels : int, optional
        Categories of an ordinal response.
    options : dict
        Of `Model.fit`.
    response : str
    """

    formula: Any
    family: Any
    priors: tuple[bx.Prior, ...]
    levels: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    response: str = "y"

    def model(self, y: np.ndarray) -> bx.Model:
        """The model of a response."""
        if self.levels is not None:
            y = pd.Categorical.from_codes(y.astype(int) - 1, range(1, self.levels + 1), True)
        return bx.Model(self.formula, design().assign(y=y), self.family, list(self.priors))


def design() -> pd.DataFrame:
    """Sixty rows in twelve groups crossed with five."""
    rng = np.random.default_rng(7)
    n = 60
    return pd.DataFrame(
        {
            "x": rng.normal(0, 1, n),
            "g": np.repeat([f"g{i:02d}" for i in range(12)], 5),
            "h": np.tile(list("abcde"), 12),
            "row": [f"r{i:02d}" for i in range(n)],
            "z": np.exp(rng.normal(0, 0.7, n)),
            "t": np.repeat(list("rstrstrstrst"), 5),
        }
    )


def _priors(**classes: str) -> tuple[bx.Prior, ...]:
    return tuple(bx.prior(text, class_) for class_, text in classes.items())


EFFECTS = _priors(b="normal(0, 0.7)", sd="normal(0, 0.8)")
USUAL = (*EFFECTS, *_priors(Intercept="normal(0, 1)"))
SLOPES = (*USUAL, *_priors(cor="lkj(2)"))
SIGMA = _priors(sigma="gamma(4, 4)")

CASES = {
    "slopes, integrated": Calibration("y ~ x + (1 + x | g)", "gaussian", (*SLOPES, *SIGMA)),
    "slopes, sampled": Calibration(
        "y ~ x + (1 + x | g)", "gaussian", (*SLOPES, *SIGMA), options={"marginalize": False}
    ),
    "crossed bernoulli": Calibration("y ~ x + (1 | g) + (1 | h)", "bernoulli", USUAL),
    "poisson, row effect": Calibration("y ~ x + (1 | g) + (1 | row)", "poisson", USUAL),
    "cumulative, slopes": Calibration(
        "y ~ x + (1 + x | g)",
        "cumulative",
        (*EFFECTS, *_priors(cor="lkj(2)", Intercept="normal(0, 2)")),
        4,
    ),
    "sigma with |id|": Calibration(
        bx.bf("y ~ x + (1 | s | g)", sigma="1 + (1 | s | g)"),
        "gaussian",
        (
            *SLOPES,
            bx.prior("normal(0, 0.5)", "Intercept", dpar="sigma"),
            bx.prior("normal(0, 0.5)", "sd", dpar="sigma"),
        ),
    ),
    "autoregressive effects": Calibration(
        'y ~ x + (0 + t | gr(h, str="ar1"))',
        "gaussian",
        (*SLOPES, *SIGMA),
        options={"marginalize": False},
    ),
    "a common correlation, integrated": Calibration(
        'y ~ x + (0 + t | gr(h, str="corh"))', "gaussian", (*SLOPES, *SIGMA)
    ),
    "a smooth": Calibration(
        "y ~ s(x, k=6) + (1 | g)",
        "gaussian",
        (*USUAL, *SIGMA, *_priors(sds="normal(0, 0.5)")),
        options={"target_accept": 0.95},
    ),
    "category-specific": Calibration(
        "y ~ cs(x) + (1 | g)",
        "sratio",
        (*EFFECTS, *_priors(Intercept="normal(0, 1.5)")),
        4,
    ),
    "a constant and a power": Calibration(
        bx.bf("y ~ x + (1 | g)", sigma="x + varConstPower(z)"),
        "gaussian",
        (
            *USUAL,
            bx.prior("normal(0, 0.5)", "Intercept", dpar="sigma"),
            bx.prior("normal(0, 0.5)", "b", dpar="sigma"),
            bx.prior("normal(0, 1)", "power", dpar="sigma"),
            bx.prior("gamma(2, 2)", "const", dpar="sigma"),
        ),
    ),
    "beta": Calibration("y ~ x + (1 | g)", "Beta", (*USUAL, *_priors(phi="gamma(4, 0.3)"))),
    "zero-inflated poisson": Calibration(
        "y ~ x + (1 | g)", "zero_inflated_poisson", (*USUAL, *_priors(zi="beta(2, 4)"))
    ),
    "student effects": Calibration(
        'y ~ x + (1 | gr(g, dist="student"))',
        "gaussian",
        (*USUAL, *SIGMA, bx.prior("gamma(4, 0.5)", "df", group="g")),
    ),
}


def calibrate(case: Calibration, sets: int, seed: int = 1, jobs: int = -1) -> pd.DataFrame:
    """The rank of each quantity's true value, data sets × quantities.

    Parameters
    ----------
    case : Calibration
    sets : int
        Data sets that are simulated and fitted. Those that can't be fitted, or miss a category,
        are left out, which changes nothing: given the data the rank is uniform too.
    seed : int
    jobs : int
        Processes.
    """
    first = case.model(_placeholder(case))
    tree = first.sample_prior(sets, random_seed=seed)
    truths = tree["prior"].to_dataset()
    responses = tree["prior_predictive"][case.response].to_numpy()[0]
    tasks = (
        joblib.delayed(_ranks)(case, truths.isel(draw=slice(i, i + 1)), y, i)
        for i, y in enumerate(responses)
    )
    found = joblib.Parallel(n_jobs=jobs)(tasks)
    return pd.DataFrame([ranks for ranks in found if ranks is not None])


def uniformity(ranks: pd.DataFrame) -> pd.Series:
    """The p value of a chi-square test of each quantity's ranks."""
    edges = np.linspace(-0.5, RANKS + 0.5, BINS + 1)

    def p_value(column: pd.Series) -> float:
        counts, _ = np.histogram(column, edges)
        return float(stats.chisquare(counts).pvalue)

    return ranks.apply(p_value)


def _placeholder(case: Calibration) -> np.ndarray:
    """Any response that the family can have; no prior hangs on it."""
    if case.levels is not None:
        return np.resize(np.arange(1, case.levels + 1), len(design()))
    return np.resize([0.0, 1.0] if case.family != "Beta" else [0.3, 0.6], len(design()))


def _ranks(case: Calibration, truth: Any, y: np.ndarray, seed: int) -> dict[str, int] | None:
    if case.levels is not None and len(np.unique(y)) < case.levels:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = case.model(y)
            fit = model.fit(**SAMPLING, random_seed=seed, **case.options)
        except bx.BayesmixError:
            return None
    posterior = fit.idata["posterior"].to_dataset().isel(draw=slice(None, None, EVERY))
    drawn = {k: v.reshape(-1, v.shape[-1])[:RANKS] for k, v in _numbers(posterior)}
    ranks = {
        f"{name}{label}": int((drawn[name][:, k] < value).sum())
        for name, values in _numbers(truth)
        for k, (label, value) in enumerate(zip(_labels(truth[name]), values[0, 0], strict=True))
        if _is_free(truth[name], k)
    }
    return ranks | {"log likelihood": _rank_of_likelihood(fit, truth)}


def _rank_of_likelihood(fit: bx.Fit, truth: Any) -> int:
    total = fit.idata["posterior"].sizes["chain"] * fit.idata["posterior"].sizes["draw"]
    values = fit.log_lik(draw_ids=np.arange(total)[::EVERY][:RANKS]).sum("obs").to_numpy()
    at_truth = _log_lik(fit.model, truth)
    return int((values < at_truth).sum())


def _log_lik(model: bx.Model, truth: Any) -> float:
    """The log likelihood at given parameters."""
    from bayesmix.predict import Draws, Prediction, Request

    draws = Draws.from_posterior(truth)
    return float(Prediction.of(model.spec, draws, Request()).log_lik().array().sum())


def _numbers(data: Any) -> Iterator[tuple[str, np.ndarray]]:
    for name, variable in data.data_vars.items():
        values = variable.to_numpy()
        yield str(name), values.reshape(*values.shape[:2], -1)


def _labels(variable: Any) -> list[str]:
    shape = variable.shape[2:]
    return [f"[{','.join(map(str, at))}]" if shape else "" for at in np.ndindex(*shape)]


def _is_free(variable: Any, k: int) -> bool:
    """Not the diagonal of a correlation matrix, nor its upper half."""
    if not str(variable.name).startswith("cor_"):
        return True
    row, column = np.unravel_index(k, variable.shape[2:])[-2:]
    return bool(row > column)


def report(name: str, ranks: pd.DataFrame, seconds: float) -> dict[str, Any]:
    """What is kept of a case: the least p value, and how many quantities it is the least of."""
    p = uniformity(ranks)
    return {
        "case": name,
        "sets": len(ranks),
        "quantities": len(p),
        "least_p": round(float(p.min()), 5),
        "of": str(p.idxmin()),
        "after_bonferroni": round(min(1.0, float(p.min()) * len(p)), 3),
        "log_likelihood_p": round(float(p["log likelihood"]), 3),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Calibrate the cases that are named, or all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for name in given.cases:
        before = time.perf_counter()
        ranks = calibrate(CASES[name], given.sets, given.seed)
        rows.append(report(name, ranks, time.perf_counter() - before))
        print(json.dumps(rows[-1]), flush=True)
    print(pd.DataFrame(rows).to_string(index=False))
    if given.out:
        given.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
