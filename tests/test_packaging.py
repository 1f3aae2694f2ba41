"""The wheel and the source distribution, built and used as they would be installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from bayesmix.datasets import list_datasets

ROOT = Path(__file__).parent.parent
USE = """
import bayesmix as bx
sleep = bx.load_dataset("sleepstudy")
model = bx.Model("Reaction ~ Days + (Days | Subject)", sleep)
print(bx.__file__, len(sleep), model.equation().latex[:6], sep="\\n")
"""


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
