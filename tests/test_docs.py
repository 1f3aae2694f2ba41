"""Python in the docs runs."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
CODE = {p.stem: re.findall(r"^```python\n(.*?)^```", p.read_text(), re.M | re.S) for p in PAGES}


@pytest.mark.parametrize("page", [name for name, blocks in CODE.items() if blocks])
def test_python_of_a_page_runs(page: str) -> None:
    """From its first line to its last."""
    names: dict[str, object] = {}
    for block in CODE[page]:
        exec(compile(block, f"{page}.md", "exec"), names)
    plt.close("all")
