"""The random formulas and the data that ``columns.R`` answers for.

``python make.py && Rscript columns.R > columns.tsv``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent
FACTORS = {"a": 3, "b": 2, "h": 3, "k": 4}
LEAVES = ["a", "b", "h", "k", "x", "z", "log(z)", "I(x + z)", "I(x^2)"]
OPERATORS = ["+", "+", "+", ":", ":", "*", "/", "-"]


def data(rng: np.random.Generator, n: int = 96) -> pd.DataFrame:
    columns = {name: rng.permutation(np.resize(np.arange(k) + 1, n)) for name, k in FACTORS.items()}
    numbers = {name: rng.uniform(0.5, 2, n).round(3) for name in ("x", "z")}
    return pd.DataFrame(columns | numbers | {"y": rng.normal(size=n).round(3)})


def formula(rng: np.random.Generator) -> str:
    start = rng.choice(["", "", "", "0 + ", "-1 + "])
    return f"y ~ {start}{expression(rng, int(rng.integers(1, 4)))}"


def expression(rng: np.random.Generator, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return str(rng.choice(LEAVES))
    operator = str(rng.choice(OPERATORS))
    left, right = expression(rng, depth - 1), expression(rng, depth - 1)
    if rng.random() < 0.05:
        return f"({left} + {right})^2"
    return f"({left}) {operator} ({right})" if rng.random() < 0.5 else f"{left} {operator} {right}"


if __name__ == "__main__":
    generator = np.random.default_rng(20)
    data(generator).to_csv(FOLDER / "data.csv", index=False)
    texts = dict.fromkeys(formula(generator) for _ in range(900))
    (FOLDER / "formulas.txt").write_text("\n".join(texts) + "\n")
