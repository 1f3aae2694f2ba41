"""Each spelling of `docs/correlation_structures.md` is a term; each row of its tables has one."""

from __future__ import annotations

import re
from pathlib import Path

from bayesmix.formula import parse_formula

TEXT = (Path(__file__).parents[2] / "docs" / "correlation_structures.md").read_text()
ROWS = [re.split(r"(?<!\\)\|", line) for line in TEXT.splitlines() if line.startswith("| ")]
SPELT = [
    re.findall(r"`([^`]+)`", row[3]) for row in ROWS if row[3].strip() not in ("bayesmix", "---")
]


def test_spellings_are_terms() -> None:
    assert len(SPELT) == 18
    for spellings in SPELT:
        assert spellings
        for text in spellings:
            (term,) = parse_formula(f"y ~ x + {text}").mu.specials
            assert text.startswith(("cosy", "ar", "ma", "unstr", "cor", "car", "sar"))
            assert term.noun
