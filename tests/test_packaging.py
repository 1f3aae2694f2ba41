"""The wheel and the source distribution, built and used as they would be installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from bayesmix.datasets import list_datasets

ROOT = Path(__file__).parent.parent
USE = """
import bayesmix as bx
sleep = bx.load_dataset("sleepstudy")
model = bx.Model("Reaction ~ Days + (Days | Subject)", sleep)
print(bx.__file__, len(sleep), model.equation().latex[:6], sep="\\n")
"""
FIT = """
import json, sys
from importlib.metadata import version
import bayesmix as bx

sleep = bx.load_dataset("sleepstudy")
model = bx.Model("Reaction ~ Days + (Days | Subject)", sleep)
slopes = []
for sampler in ("fused", "nutpie"):
    fit = model.fit(random_seed=1, progressbar=False, sampler=sampler)
    again = bx.load(fit.save("fit.nc"))
    new = {"Days": [9], "Subject": ["new"]}
    assert again.posterior_predict(new, allow_new_levels=True, random_seed=2).shape == (4000, 1)
    assert fit.loo().elpd < 0 and fit.avg_slopes("Days").table.shape == (1, 6)
    fit.plot.conditional_effects("Days").savefig("days.png")
    slopes.append(float(fit.fixef().loc["Days", "Estimate"]))
print(json.dumps([slopes, {name: version(name) for name in sys.argv[1:]}]))
"""
"""What a fresh environment is tried with: engine, PyMC, a file, predictions, tables, a figure."""


def lower_bounds() -> dict[str, Version]:
    """The oldest version of each dependency that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [Requirement(text) for text in project["dependencies"]]
    return {r.name: Version(s.version) for r in asked for s in r.specifier if s.operator == ">="}


def test_every_dependency_has_a_lower_bound_that_is_met_here() -> None:
    bounds = lower_bounds()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(bounds) == len(project["dependencies"])
    assert [name for name, least in bounds.items() if Version(version(name)) < least] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"]
    subprocess.run([*command, "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_the_package_and_its_data_and_no_more(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = names_in(wheel)
    assert "bayesmix/py.typed" in names
    datasets = {n for n in names if n.startswith("bayesmix/datasets/") and n.endswith(".csv")}
    assert len(datasets) >= len(list_datasets())
    assert {n.split("/")[0] for n in names if not n.startswith("bayesmix-")} == {"bayesmix"}
    written = {str(p.relative_to(ROOT)) for p in (ROOT / "bayesmix").rglob("*.py")}
    assert written <= names


def test_the_source_distribution_has_the_tests_too(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/test_packaging.py"} <= names


def test_the_wheel_works_where_the_repository_is_not(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    found = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert Path(found[0]).is_relative_to(tmp_path)
    assert found[1] == "180"


@pytest.mark.slow
@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_the_wheel_fits_with_the_oldest_and_newest_dependencies(
    built: Path, tmp_path: Path, which: str
) -> None:
    """In an environment of its own, from the package index."""
    (wheel,), bounds = built.glob("*.whl"), lower_bounds()
    venv.create(tmp_path / "venv", with_pip=True)
    (python,) = (tmp_path / "venv").glob("*/python")
    constraints = tmp_path / "oldest.txt"
    constraints.write_text("".join(f"{name}=={least}\n" for name, least in bounds.items()))
    exact = ["--constraint", str(constraints)] if which == "oldest" else []
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

    def run(*command: str) -> str:
        ran = subprocess.run(
            [str(python), *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run("-m", "pip", "install", "--quiet", *exact, str(wheel))
    (fused, compiled), found = json.loads(run("-c", FIT, *bounds).splitlines()[-1])
    assert abs(fused - 10.5) < 0.3 and abs(compiled - 10.5) < 0.3
    versions = {name: Version(text) for name, text in found.items()}
    if which == "oldest":
        assert versions == bounds
    else:
        assert all(versions[name] >= least for name, least in bounds.items())
