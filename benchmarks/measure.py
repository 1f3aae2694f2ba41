"""One measurement in a process of its own; prints it as one line of JSON.

``python measure.py import``, ``python measure.py fit WORKLOAD [OPTION=VALUE …]``,
``python measure.py session`` (first and second model of a session) or
``python measure.py gradient WORKLOAD``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from typing import Any

START = time.perf_counter()


def measure_import() -> dict[str, float]:
    """Seconds of ``import bayesmix``."""
    import bayesmix

    assert bayesmix.__all__
    return {"import_s": time.perf_counter() - START}


def measure_fit(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """A whole process: import, fit, summary; and the quality of its draws."""
    from workloads import WORKLOADS

    import bayesmix as bx

    work = WORKLOADS[name]
    data = work.data()
    before = time.perf_counter()
    fit, messages = _fitted(bx, work, data, options)
    fitted = time.perf_counter()
    str(fit)
    shown = time.perf_counter()
    attrs = fit.idata["posterior"].attrs
    return {
        "workload": name,
        "ran": str(attrs.get("sampler")),
        "fit_s": fitted - before,
        "sampling_s": float(attrs.get("sampling_time", float("nan"))),
        "process_s": shown - START,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "warnings": messages,
        **_quality(fit, fitted - before),
    }


def measure_session(options: dict[str, Any]) -> dict[str, float]:
    """Formula to fit of a first, a different second and the first model again, one session.

    And what of the last is not sampling: from formula to a density that is ready.
    """
    from workloads import WORKLOADS

    import bayesmix as bx
    from bayesmix.engine import compile_fused

    seconds = {}
    for label, name in (("first", "sleepstudy"), ("second", "gpa"), ("again", "sleepstudy")):
        work = WORKLOADS[name]
        data = work.data()
        before = time.perf_counter()
        _fitted(bx, work, data, options)
        seconds[f"{label}_{name}_s"] = time.perf_counter() - before
    before = time.perf_counter()
    compile_fused(bx.Model(work.formula, data, work.family).spec)
    seconds["before_sampling_s"] = time.perf_counter() - before
    return seconds


def measure_gradient(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Time of one gradient over the time to read the data once."""
    from workloads import WORKLOADS

    import bayesmix as bx
    from bayesmix.engine import compile_fused

    work = WORKLOADS[name]
    spec = bx.Model(work.formula, work.data(), work.family).spec
    fused = compile_fused(spec, **options)
    x = fused.initial_point(1)
    gradient = _median_seconds(lambda: fused.density(x))
    reading = _median_seconds(lambda: [float(a.sum()) for a in _arrays(spec)])
    return {
        "workload": name,
        "gradient_us": 1e6 * gradient,
        "reading_us": 1e6 * reading,
        "ratio": gradient / reading,
    }


def _fitted(bx: Any, work: Any, data: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
    sizes = {"draws": work.draws, "tune": work.tune, "chains": work.chains}
    options = sizes | options
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = bx.Model(work.formula, data, work.family)
        fit = model.fit(progressbar=False, random_seed=1, **options)
    return fit, [str(w.message)[:200] for w in caught]


def _quality(fit: Any, seconds: float) -> dict[str, float]:
    """The least bulk ESS and the largest R-hat over all parameters, group effects included."""
    import numpy as np
    from arviz_stats.base import array_stats

    posterior = fit.idata["posterior"].to_dataset()
    least, largest = np.inf, 0.0
    for variable in posterior.data_vars.values():
        values = variable.to_numpy().reshape(*variable.shape[:2], -1)
        moving = np.ptp(values, axis=(0, 1)) > 1e-12
        if moving.any():
            kept = values[:, :, moving]
            ess = array_stats.ess(kept, method="bulk", chain_axis=0, draw_axis=1)
            rhat = array_stats.rhat(kept, chain_axis=0, draw_axis=1)
            least, largest = min(least, float(ess.min())), max(largest, float(rhat.max()))
    stats = fit.idata["sample_stats"].to_dataset()
    return {
        "min_bulk_ess": least,
        "ess_per_s": least / seconds,
        "max_rhat": largest,
        "divergences": int(stats["diverging"].sum()),
    }


def _arrays(spec: Any) -> list[Any]:
    """The data that a gradient has to read: response, matrices, indices."""
    design = spec.design
    arrays = [spec.response.data.y, *(g.index for g in design.groups)]
    arrays += [p.columns.values for p in design.predictors]
    return arrays


def _median_seconds(function: Any, repeats: int = 31) -> float:
    import statistics

    function()
    seconds = []
    for _ in range(repeats):
        before = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def _options(words: list[str]) -> dict[str, Any]:
    pairs = (word.split("=", 1) for word in words)
    return {name: _value(text) for name, text in pairs}


def _value(text: str) -> Any:
    return int(text) if text.isdigit() else {"True": True, "False": False}.get(text, text)


def main(words: list[str]) -> None:
    """Measure what the command line asks for."""
    match words:
        case ["import"]:
            result = measure_import()
        case ["fit", name, *rest]:
            result = measure_fit(name, _options(rest))
        case ["session", *rest]:
            result = measure_session(_options(rest))
        case ["gradient", name, *rest]:
            result = measure_gradient(name, _options(rest))
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
