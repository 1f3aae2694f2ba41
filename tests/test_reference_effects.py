"""Conditional effects and hypotheses against brms's, from the same draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from .reference_cases import Case, cases

CONDITIONAL = [(c, s) for c in cases() for s in c.stems("conditional_effects__")]
HYPOTHESES = [c for c in cases() if c.stems("hypothesis")]


@pytest.mark.parametrize(("case", "stem"), CONDITIONAL, ids=lambda v: getattr(v, "name", v))
def test_conditional_effects(case: Case, stem: str) -> None:
    expected, name = case.table(stem), stem.removeprefix("conditional_effects__")
    table = case.fit.conditional_effects(name, robust=False)[name].table
    column = expected["effect1__"]
    if pd.api.types.is_numeric_dtype(table[name].dtype):
        np.testing.assert_allclose(table[name], column.astype(float), rtol=1e-10)
    else:
        assert table[name].astype(str).tolist() == column.tolist()
    ours = table[["Estimate", "Est.Error", "Q2.5", "Q97.5"]].to_numpy(float)
    theirs = expected[["estimate__", "se__", "lower__", "upper__"]].to_numpy(float)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)


@pytest.mark.parametrize("case", HYPOTHESES, ids=lambda case: case.name)
def test_hypotheses(case: Case) -> None:
    expected = pd.read_csv(case.folder / "hypothesis.csv", keep_default_na=True)
    made = case.fit.hypothesis(expected["Hypothesis"].tolist())
    table = made.table
    assert table["Hypothesis"].tolist() == expected["Hypothesis"].tolist()
    for column in ["Estimate", "Est.Error", "CI.Lower", "CI.Upper", "Evid.Ratio", "Post.Prob"]:
        np.testing.assert_allclose(
            table[column].astype(float), expected[column].astype(float), rtol=1e-8
        )
    assert table["Star"].tolist() == ["" if pd.isna(s) else s for s in expected["Star"]]
