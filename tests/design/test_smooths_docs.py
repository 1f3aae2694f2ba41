"""Each spelling of `docs/smooths.md` makes a model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bayesmix.build import build_spec
from bayesmix.formula import bf

from ..support import frame

TEXT = (Path(__file__).parents[2] / "docs" / "smooths.md").read_text()
ROWS = [line.split(" | ")[1] for line in TEXT.splitlines() if line.startswith("| ")][2:]
CODE = [
    code for row in ROWS for code in re.findall(r"`([^`]+)`", row) if "s(" in code or "t2(" in code
]


def test_the_table_is_read():
    assert len(CODE) >= 11


@pytest.mark.parametrize("code", CODE)
def test_each_spelling_makes_a_model(code):
    data = frame(120)
    formula = eval(code, {"bf": bf}) if code.startswith("bf(") else bf(f"y ~ {code}")
    assert build_spec(formula, data).design.predictors
