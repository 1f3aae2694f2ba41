from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec, on_rows
from bayesmix.design.known import Known
from bayesmix.errors import BayesmixError, DataError, FormulaError

from ..support import frame, relatives

DATA = frame()
LABELS = list("pqrstu")
A = relatives(["q", "new", "p", *"utrs"])


def known(matrix: object, formula: str = "y ~ x + (1 | gr(g, cov=A))") -> Known:
    return build_spec(formula, DATA, data2={"A": matrix}).design.groups[0].known


def test_levels_come_first_whatever_the_order_of_the_matrix() -> None:
    found = known(A)
    assert found.keys == (*LABELS, "new")
    np.testing.assert_allclose(found.root @ found.root.T, A.loc[[*LABELS, "new"], [*LABELS, "new"]])
    np.testing.assert_allclose(found.factor @ found.factor.T, A.loc[LABELS, LABELS])
    np.testing.assert_allclose(found.variance, np.diag(A.loc[LABELS, LABELS]).mean())


def test_the_columns_may_stand_in_another_order_than_the_rows() -> None:
    np.testing.assert_array_equal(known(A[[*LABELS, "new"]]).root, known(A).root)


@pytest.mark.parametrize("to", [float, str, int])
def test_labels_are_matched_as_they_read(to: Callable) -> None:
    matrix = relatives(map(to, [30, 4, 7]))
    assert known(matrix, "y ~ (1 | gr(k, cov=A))").keys == ("4", "7", "30")


def test_an_interaction_is_matched_by_its_joined_labels() -> None:
    matrix = relatives(f"{h}_{k}" for h in "uv" for k in (30, 4, 7))
    assert known(matrix, "y ~ (1 | gr(h:k, cov=A))").size == 6


def test_a_model_of_some_rows_keeps_the_matrix() -> None:
    spec = build_spec("y ~ (1 | gr(g, cov=A))", DATA, data2={"A": A, "unused": 3})
    some = on_rows(spec, np.flatnonzero(DATA["g"] != "p"))
    assert some.design.groups[0].known.keys == (*"qrstu", "new", "p")
    assert list(spec.design.data2) == ["A"]


def entry(i: int, j: int, value: float) -> pd.DataFrame:
    changed = A.copy()
    changed.iloc[i, j] = value
    return changed


WRONG = {
    "an array": (A.to_numpy(), DataError, "must be a pandas DataFrame"),
    "not square": (A.iloc[:, 1:], DataError, "7 rows and 6 columns"),
    "other columns": (A.rename(columns={"q": "z"}), DataError, "rows but no columns called 'q'"),
    "missing labels": (
        A.loc[list("qutr"), list("qutr")],
        DataError,
        "no row for 'p', 's'",
    ),
    "a label twice": (A.rename({"new": "q"}, axis=0), DataError, "the label 'q' twice"),
    "text": (A.astype(str).replace(str(A.iloc[0, 1]), "a"), DataError, "numbers only"),
    "missing": (entry(1, 2, np.nan), DataError, "missing or infinite at 'new', 'p'"),
    "not symmetric": (entry(0, 2, 9.0), DataError, "9 at 'q', 'p' and"),
    "indefinite": (A - 9 * np.eye(7), DataError, "smallest eigenvalue is -"),
    "singular": (A * 0 + 1, DataError, "not positive definite"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_matrix_that_is_none(what: str) -> None:
    matrix, kind, message = WRONG[what]
    with pytest.raises(kind, match=message):
        known(matrix)


def test_the_matrix_has_to_be_given() -> None:
    with pytest.raises(FormulaError, match="not in data2") as error:
        build_spec("y ~ (1 | gr(g, cov=A))", DATA, data2={"AA": A})
    assert str(error.value).splitlines()[2].index("^") == "  y ~ (1 | gr(g, cov=A))".index("A)")
    with pytest.raises(DataError, match="a dict from the names"):
        build_spec("y ~ (1 | gr(g, cov=A))", DATA, data2=[A])


PW = {
    "negative": ("g", DATA.assign(v=np.where(DATA["g"] == "q", -1.0, 1.0)), "above 0; it is -1"),
    "zero": ("g", DATA.assign(v=0.0), "above 0; it is 0"),
    "varying": ("g", DATA.assign(v=DATA["w"]), "several values of pw=v"),
}


@pytest.mark.parametrize("what", PW)
def test_prior_weights_that_are_none(what: str) -> None:
    group, data, message = PW[what]
    with pytest.raises(BayesmixError, match=message):
        build_spec(f"y ~ (1 | gr({group}, pw=v))", data)


def test_prior_weights_of_levels() -> None:
    weight = dict(zip(LABELS, [1.0, 2, 3, 4, 5, 6], strict=True))
    data = DATA.assign(v=DATA["g"].map(weight))
    group = build_spec("y ~ (1 | gr(g, pw=sqrt(v)))", data).design.groups[0]
    np.testing.assert_allclose(group.pw, np.sqrt([1, 2, 3, 4, 5, 6]))
