"""Fits that are kept in files, and models with some parts changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayesmix as bx
from bayesmix.errors import FormulaError, StaleFitWarning, StorageError
from bayesmix.formula import bf, redotted

from .support import fit_of

SLEEP = bx.load_dataset("sleepstudy")
PRIOR = bx.prior("normal(0, 10)", "b")
HOW = {"draws": 20, "chains": 2, "prior_only": True, "prior": PRIOR}
FORMULA = "Reaction ~ Days + (1 | Subject)"


def draws(fit: bx.Fit) -> np.ndarray:
    return fit.idata["posterior"]["b"].to_numpy()


def test_a_fit_is_read_where_it_is_there(tmp_path: Any) -> None:
    first = bx.brm(FORMULA, SLEEP, file=tmp_path / "sleep", **HOW)
    assert (tmp_path / "sleep.nc").exists()
    again = bx.brm(FORMULA, SLEEP, file=tmp_path / "sleep.nc", **HOW)
    np.testing.assert_array_equal(draws(first), draws(again))
    anew = bx.brm(FORMULA, SLEEP, file=tmp_path / "sleep", file_refit="always", **HOW)
    assert (draws(anew) != draws(first)).any()


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("the formula", {"formula": "Reaction ~ Days + I(Days**2) + (1 | Subject)"}),
    ("the data", {"data": SLEEP[:170]}),
    ("the data", {"data": SLEEP.assign(Days=SLEEP["Days"] + (SLEEP.index == 4))}),
    ("the family", {"family": "student"}),
    ("the family", {"family": bx.family("gaussian", link="log")}),
    ("the priors", {"prior": bx.prior("normal(0, 11)", "b")}),
    ("default_priors", {"default_priors": "autoscale"}),
    ("draws", {"draws": 21}),
    ("chains", {"chains": 3}),
    ("tune", {"tune": 77}),
    ("target_accept", {"target_accept": 0.9}),
    ("random_seed", {"random_seed": 5}),
]


@pytest.mark.parametrize(("what", "change"), CHANGES)
def test_what_has_changed_is_fitted_anew(tmp_path: Any, what: str, change: dict[str, Any]) -> None:
    kept = {"formula": FORMULA, "data": SLEEP, "file": tmp_path / "fit.nc", **HOW}
    first = bx.brm(**kept, random_seed=4)
    told = {"random_seed": 4, **kept, **change}
    with pytest.warns(StaleFitWarning, match=f": {what} changed"):
        stale = bx.brm(**told, file_refit="never")
    np.testing.assert_array_equal(draws(stale), draws(first))
    anew = bx.brm(**told)
    again = bx.brm(**told, file_refit="never")
    np.testing.assert_array_equal(draws(anew), draws(again))


def test_what_cant_be_kept_is_said_before_sampling(tmp_path: Any) -> None:
    with pytest.raises(StorageError, match="There is no folder"):
        bx.brm(FORMULA, SLEEP, file=tmp_path / "none" / "fit", **HOW)
    with pytest.raises(StorageError, match="file_refit is one of"):
        bx.brm(FORMULA, SLEEP, file=tmp_path / "fit", file_refit="no", **HOW)
    (tmp_path / "notes.nc").write_text("not a fit")
    with pytest.raises(StorageError):
        bx.brm(FORMULA, SLEEP, file=tmp_path / "notes.nc", **HOW)
    assert (tmp_path / "notes.nc").read_text() == "not a fit"


DOTS = [
    (". ~ . + x", "y ~ a + (1 | g)", "y ~ a + (1 | g) + x"),
    ("log(y) ~ .", "y ~ a", "log(y) ~ a"),
    (". ~ b", "y | trials(n) ~ a", "y | trials(n) ~ b"),
    ("y ~ b", "z ~ a", "y ~ b"),
    ("y ~ .5 + x", "z ~ a", "y ~ .5 + x"),
]


@pytest.mark.parametrize(("new", "old", "expected"), DOTS)
def test_dots_are_what_was_there(new: str, old: str, expected: str) -> None:
    assert redotted(new, bf(old)) == expected


def test_dots_of_a_model_with_more_formulas() -> None:
    with pytest.raises(FormulaError, match="the main one alone"):
        redotted(". ~ . + x", bf("y ~ a", sigma="x"))
    assert redotted(bf("y ~ b"), bf("y ~ a", sigma="x")) == bf("y ~ b")


def test_a_model_with_some_parts_changed() -> None:
    model = bx.Model(FORMULA, SLEEP, prior=PRIOR)
    other = model.update(". ~ . + I(Days**2)", family="student")
    assert other.formula.mu.source == f"{FORMULA} + I(Days**2)"
    assert other.family.name == "student" and other.spec.user_priors == (PRIOR,)
    fewer = model.update(data=SLEEP[:50])
    assert len(fewer.data) == 50
    with pytest.raises(bx.BayesmixError, match="Days2"):
        model.update(". ~ . + Days2")
    assert model.update(". ~ . + Days2", SLEEP.assign(Days2=1.0 * SLEEP["Days"] ** 2))


def test_a_fit_with_some_parts_changed() -> None:
    fit = fit_of(bx.Model(FORMULA, SLEEP, prior=PRIOR))
    other = fit.update("Reaction ~ Days", prior_only=True, random_seed=1)
    assert other.idata["posterior"].sizes["draw"] == 20
    assert "r_Subject" not in other.idata["posterior"]
