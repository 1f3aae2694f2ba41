"""The README's commands are the ones that CI runs, and its example uses what there is."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def ci_command() -> str:
    shown = subprocess.run(
        ["bash", str(ROOT / ".ci" / "run"), "--show"], capture_output=True, text=True, check=True
    )
    return shown.stdout


def test_ci_runs_the_test_command_as_it_stands(ci_command):
    assert ci_command in blocks("sh")
    assert '".[test]"' in ci_command
    assert ".venv/bin/pytest" in ci_command


def test_each_command_makes_its_own_environment():
    demo, test = blocks("sh")
    assert "bayesmix demo" in demo
    for command in (demo, test):
        assert len(command.splitlines()) == 1
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_the_command_line_entry_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"bayesmix": "bayesmix.cli:main"}
    assert project["requires-python"] == ">=3.12"
    assert "3.12 or newer" in README


def test_the_example_is_python():
    (example,) = blocks("python")
    imported = {
        alias.name
        for node in ast.walk(ast.parse(example))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported == {"pandas", "bayesmix"}


def test_the_table_of_times_is_what_was_measured():
    results = json.loads((ROOT / "benchmarks" / "families.json").read_text())["results"]
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \| (\d+) \|$", README, re.M)
    workloads = ("inhaler", "epilepsy", "kidney", "hazards")
    assert len(rows) == len(workloads)
    for workload, (_, *shown) in zip(workloads, rows, strict=True):
        ours, brms = results[f"{workload}: default"], results[f"{workload}: brms"]
        found = [f"{median(ours, 'fit_s'):.1f}", f"{median(brms, 'fit_s'):.1f}"]
        found += [f"{median(r, 'ess_per_s'):.0f}" for r in (ours, brms)]
        assert shown == found


def median(runs, what):
    return statistics.median(run[what] for run in runs)


def test_the_pages_that_it_links_are_there():
    links = re.findall(r"\]\(((?!https?:)[^)]+)\)", README)
    assert len(links) > 5
    assert not [link for link in links if not (ROOT / link).exists()]
