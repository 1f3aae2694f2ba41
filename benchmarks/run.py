"""Time bayesmix: ``python benchmarks/run.py [--peers] [--repeat N] [--only WORKLOAD …]``.

Every measurement is a process of its own; repeats are interleaved, and the table shows medians.
Writes JSON (``--output``). An empty numba cache is a fresh ``NUMBA_CACHE_DIR``, a full one the
same directory again. Of a fit ``process_s`` is the first one of a fresh process, from the import
to the summary, and ``ess_per_s`` is to be compared between a model's lines. ``--draws 50`` is for a
look at whether all parts run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from peers import find_peers, measure_peer
from workloads import WORKLOADS

HERE = Path(__file__).parent
WITHOUT_GROUPS = ("autoregression", "unstructured")
ALONE = ("slopes", *WITHOUT_GROUPS)
"""Workloads that are fitted as they are by default, and in no other way."""


def child(words: list[str], cache: str) -> dict[str, Any]:
    """The JSON that one measuring process prints; a failure is kept as its last line."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["NUMBA_CACHE_DIR"] = cache
    done = subprocess.run(
        [sys.executable, str(HERE / "measure.py"), *words],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def plans(only: list[str], peers: bool, draws: int | None) -> dict[str, list[str]]:
    """Label of each measurement and its command."""
    sizes = [] if draws is None else [f"draws={draws}", f"tune={draws}"]
    plan = {"import": ["import"], "session": ["session", *sizes]}
    for name in only:
        plan[f"{name}: default"] = ["fit", name, *sizes]
        if name not in ALONE:
            for how in ("auto", "centered", "noncentered"):
                options = ["marginalize=False", f"parametrization={how}"]
                plan[f"{name}: not integrated, {how}"] = ["fit", name, *options, *sizes]
        if peers and WORKLOADS[name].peers:
            plan[f"{name}: PyMC path"] = ["fit", name, "sampler=nutpie", *sizes]
        plan[f"{name}: gradient"] = ["gradient", name, "marginalize=False"]
        if WORKLOADS[name].family == "gaussian" and name not in WITHOUT_GROUPS:
            plan[f"{name}: gradient, integrated"] = ["gradient", name]
    return plan


def measure(
    only: list[str], peers: bool, repeat: int, bambi: str | None, draws: int | None
) -> dict[str, Any]:
    """All measurements, by label; the first with an empty cache, the rest with a full one."""
    results: dict[str, Any] = {}
    plan = plans(only, peers, draws)
    with tempfile.TemporaryDirectory() as cache:
        results["sleepstudy: empty cache"] = [child(["fit", "sleepstudy"], cache)]
        for words in plan.values():
            child(words, cache)  # fills the cache with what no earlier model has needed
        for _ in range(repeat):
            for label, words in plan.items():
                results.setdefault(label, []).append(child(words, cache))
                print(f"{label}: {_short(results[label][-1])}", flush=True)
    if peers:
        results |= measure_peers(only, bambi, draws)
    return results


def measure_peers(only: list[str], bambi: str | None, draws: int | None) -> dict[str, Any]:
    """What other packages need for the same data."""
    results: dict[str, Any] = {}
    for peer, program in find_peers(bambi).items():
        for name in (n for n in only if WORKLOADS[n].peers):
            work = WORKLOADS[name]
            with tempfile.TemporaryDirectory() as folder:
                csv = Path(folder) / "data.csv"
                work.data().to_csv(csv, index=False)
                spec = {
                    "formula": work.formula,
                    "family": work.family,
                    "groups": _groups(work.formula),
                    "draws": draws or work.draws,
                    "tune": draws or work.tune,
                    "chains": work.chains,
                    "cores": os.cpu_count(),
                }
                results[f"{name}: {peer}"] = [measure_peer(peer, program, csv, spec)]
                print(f"{name}: {peer}: {_short(results[f'{name}: {peer}'][-1])}", flush=True)
    return results


def _groups(formula: str) -> list[str]:
    import bayesmix as bx

    return list({m for g in bx.bf(formula).mu.groups for m in g.grouping.members})


def table(results: dict[str, list[Any]]) -> str:
    """Medians over the repeats, one line a measurement."""
    lines = [f"{'measurement':<34} figures (medians)"]
    for label, runs in results.items():
        lines.append(f"{label:<34} {_short(_medians([r for r in runs if r]))}")
    return "\n".join(lines)


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    if not runs:
        return {"error": "failed"}
    first = runs[0]
    return {
        key: statistics.median(r[key] for r in runs if key in r)
        if isinstance(value, int | float)
        else value
        for key, value in first.items()
    }


def _short(result: dict[str, Any] | None) -> str:
    parts = []
    for key, value in (result or {"error": "failed"}).items():
        if key in ("workload", "warnings"):
            continue
        parts.append(f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}")
    return "  ".join(parts)


def main() -> None:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", action="store_true", help="PyMC path, Bambi and brms as well")
    parser.add_argument("--bambi-python", help="interpreter of an environment that has Bambi")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--draws", type=int, help="of each chain, and as many to adapt in")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--output", type=Path, default=Path("benchmarks.json"))
    args = parser.parse_args()
    results = measure(args.only, args.peers, args.repeat, args.bambi_python, args.draws)
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    args.output.write_text(json.dumps({"machine": machine, "results": results}, indent=1))
    print(f"\n{table(results)}\n\nwritten to {args.output}")


if __name__ == "__main__":
    main()
