"""Python in the docs runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from numpydoc.validate import validate

import bayesmix as bx
import bayesmix.errors
from bayesmix.estimates import PointFit
from bayesmix.fit.plots import Plots
from bayesmix.formula import redotted
from bayesmix.plots import KINDS

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
CODE = {p.stem: re.findall(r"^```python\n(.*?)^```", p.read_text(), re.M | re.S) for p in PAGES}


@pytest.mark.parametrize("page", [name for name, blocks in CODE.items() if blocks])
def test_python_of_a_page_runs(page: str) -> None:
    """From its first line to its last."""
    names: dict[str, object] = {}
    for block in CODE[page]:
        exec(compile(block, f"{page}.md", "exec"), names)
    plt.close("all")


COMING = sorted((DOCS / "coming_from").glob("*.md"))
TRANSLATED = [page for page in COMING if page.stem != "index"]
OURS = "bayesmix"


def cells(row: str) -> list[str]:
    """Of a row of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def ours(page: Path) -> list[tuple[int, str]]:
    """Line and code of blocks of Python, and of columns of tables under our name."""
    found: list[tuple[int, str]] = []
    column = None
    fence: tuple[int, list[str]] | None = None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if fence is not None:
            if line.startswith("```"):
                found.append((fence[0], "\n".join(fence[1])))
                fence = None
            else:
                fence[1].append(line)
        elif line == "```python":
            fence = number, []
        elif not line.startswith("| "):
            column = None
        elif column is None:
            column = cells(line).index(OURS) if OURS in cells(line) else -1
        elif column >= 0:
            codes = re.findall("`([^`]+)`", cells(line)[column])
            found += [(number, code.replace(r"\|", "|")) for code in codes]
    return found


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.stem)
def test_what_others_write_is_translated_into_what_runs(page: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    code = ours(page)
    assert len(code) > 20
    for line, text in code:
        exec(compile("\n" * (line - 1) + text, str(page), "exec"), names)
        plt.close("all")


def test_every_package_is_in_the_list_of_translations() -> None:
    text = (DOCS / "coming_from" / "index.md").read_text()
    assert [page.stem for page in TRANSLATED if f"\n{page.stem}\n" not in text] == []


def examples_of_formulas() -> list[str]:
    """What stands in backticks in the second column of the tables of formulas."""
    rows = re.findall(r"^\| .*", (DOCS / "formula.md").read_text(), re.M)
    cells = [re.split(r"(?<!\\)\|", row)[2].strip() for row in rows]
    return [c.strip("`").replace(r"\|", "|") for c in cells if c.startswith("`")]


@pytest.mark.parametrize("example", examples_of_formulas())
def test_an_example_of_a_formula_is_read(example: str) -> None:
    if example.startswith(". ~"):
        assert redotted(example, bx.bf("y ~ z"))
    else:
        called = example.startswith(("bf(", "mv("))
        assert eval(example, {"bf": bx.bf, "mv": bx.mv}) if called else bx.bf(example)


def test_the_gallery_has_every_picture() -> None:
    text = (DOCS / "gallery.md").read_text()
    methods = [name for name in vars(Plots) if not name.startswith("_")]
    assert [m for m in methods if f"plot.{m}(" not in text] == []
    assert [kind for kind in KINDS if f'pp_check("{kind}"' not in text] == []


def test_every_family_has_a_formula() -> None:
    runpy.run_path(str(DOCS / "family_tables.py"))["check"]()


def test_the_reference_has_all_that_is_public() -> None:
    text = "".join(page.read_text() for page in (DOCS / "api").glob("*.md"))
    named = set(re.findall(r"\.\. auto\w+:: (?:bayesmix\.)?([\w.]+)", text))
    errors = {name for name in bx.__all__ if hasattr(bayesmix.errors, name)}
    assert set(bx.__all__) - errors - named == set()
    methods = {name for name in dir(bx.Fit) if not name.startswith("_")}
    assert {f"Fit.{name}" for name in methods} - named == set()


def public() -> list[str]:
    """All that a user calls: names of the package, and methods of what it makes."""
    names = [f"bayesmix.{name}" for name in bx.__all__ if name != "NA"]
    kinds = {"bayesmix.Model": bx.Model, "bayesmix.Fit": bx.Fit}
    kinds |= {"bayesmix.fit.plots.Plots": Plots, "bayesmix.estimates.PointFit": PointFit}
    for owner, kind in kinds.items():
        methods = (m for m in dir(kind) if not m.startswith("_") and callable(getattr(kind, m)))
        names += [f"{owner}.{m}" for m in methods]
    return names


@pytest.mark.parametrize("name", public())
def test_a_docstring_says_what_is_taken_and_given_with_an_example(name: str) -> None:
    """By numpydoc's own checks."""
    wanted = {"GL08", "PR01", "PR02", "RT01", "EX01"}
    if name == "bayesmix.Fit":  # Made by others: it has attributes.
        wanted.remove("PR01")
    assert [error for error in validate(name)["errors"] if error[0] in wanted] == []
