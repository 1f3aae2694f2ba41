"""The tables of the engine: what it covers, and the figures in ``benchmarks/*.json``."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from IPython.display import Markdown

from bayesmix.engine.coverage import KERNELS
from bayesmix.pymc_model.predictors import VALUES

FOLDER = Path(__file__).parents[1] / "benchmarks"
DEFAULT, PYMC, BRMS, GRADIENT = "default", "PyMC path", "brms", "gradient"


def contributions() -> Markdown:
    """What a predictor is a sum of, in the words of the code, and who computes it."""
    lines = [_row(["contribution", "what it is", "by"]), _row(["---"] * 3)]
    for kind in VALUES:
        what = (kind.__doc__ or "").splitlines()[0]
        lines.append(_row([kind.__name__, what, "engine" if kind in KERNELS else "PyMC"]))
    return Markdown("\n".join(lines))


def models() -> Markdown:
    """Seconds and effective draws a second of each model in every way that it was fitted."""
    sys.path.insert(0, str(FOLDER))
    from workloads import WORKLOADS

    results = _results()
    names = dict.fromkeys(label.split(":")[0] for label in results if ": " in label)
    head = ["model", "engine", "through PyMC", "brms", "one gradient"]
    lines = [_row(head), _row(["---"] * len(head))]
    for name in names:
        found = {how: results.get(f"{name}: {how}") for how in (DEFAULT, PYMC, BRMS)}
        if found[DEFAULT] is None:
            continue
        work, gradient = WORKLOADS[name], results.get(f"{name}: {GRADIENT}")
        formula = work.formula.replace("|", r"\|")
        said = [_fit(found[how]) for how in (DEFAULT, PYMC, BRMS)]
        took = f"{_median(gradient, 'gradient_us'):.0f} µs" if gradient else "–"
        lines.append(_row([f"{name}: `{formula}`, {work.family}", *said, took]))
    return Markdown("\n".join(lines))


def session() -> Markdown:
    """What a session takes beside sampling."""
    results = _results()
    seconds = {
        "`import bayesmix`": _median(results["import"], "import_s"),
        "first fit of an installation (kernels are compiled and kept)": _median(
            results["sleepstudy: empty cache"], "fit_s"
        ),
        "first fit of a session, sleep study": _median(results["session"], "first_sleepstudy_s"),
        "another model in the same session, gpa": _median(results["session"], "second_gpa_s"),
        "the first model again": _median(results["session"], "again_sleepstudy_s"),
        "of that, before sampling begins": _median(results["session"], "before_sampling_s"),
    }
    lines = [_row(["what", "seconds"]), _row(["---", "---"])]
    return Markdown("\n".join(lines + [_row([k, f"{v:.3g}"]) for k, v in seconds.items()]))


def terms() -> Markdown:
    """Seconds of models with special terms, by turns in the engine and through PyMC."""
    found = json.loads((FOLDER / "terms.json").read_text())["results"].values()
    head = ["model", "engine", "through PyMC", "PyMC over engine, pairs", "one gradient"]
    lines = [_row(head), _row(["---"] * len(head))]
    for r in found:
        said = [f"{r[f'{how}_s']:.2g}, {r[f'{how}_ess']:.0f}" for how in ("engine", "PyMC")]
        said += [f"{r['ratio']:.2g}, {r['pairs']}", f"{r['gradient_us']:.0f} µs"]
        lines.append(_row([r["text"].replace("|", r"\|"), *said]))
    return Markdown("\n".join(lines))


def machine() -> Markdown:
    """Where the figures are from."""
    known = json.loads((FOLDER / "families.json").read_text())["machine"]
    return Markdown(f"Measured on {known['cores']} cores with Python {known['python']}.")


def calibration() -> Markdown:
    """Simulation-based calibration: the least p-value of each model over all its quantities."""
    cases = json.loads((FOLDER / "calibration.json").read_text())
    head = ["model", "data sets", "quantities", "least p, after Bonferroni", "of", "log likelihood"]
    lines = [_row(head), _row(["---"] * len(head))]
    for c in cases:
        case, sizes = c["case"].replace("|", r"\|"), [str(c["sets"]), str(c["quantities"])]
        numbers = f"{c['after_bonferroni']:.2g}", f"`{c['of']}`", f"{c['log_likelihood_p']:.2g}"
        lines.append(_row([case, *sizes, *numbers]))
    return Markdown("\n".join(lines))


def _results() -> dict[str, list[dict[str, Any]]]:
    return json.loads((FOLDER / "families.json").read_text())["results"]


def _fit(runs: list[Mapping[str, Any]] | None) -> str:
    if runs is None:
        return "–"
    return f"{_median(runs, 'fit_s'):.1f} s, {_median(runs, 'ess_per_s'):.0f}/s"


def _median(runs: Iterable[Mapping[str, Any]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
