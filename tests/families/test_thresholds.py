"""Thresholds of all kinds, hurdles before them, and category-specific terms."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

from bayesmix.errors import DataError, FamilyError, FormulaError
from bayesmix.families import family
from bayesmix.model import Model
from bayesmix.spec import build_spec

from ..support import frame, given_fit

KINDS = ("flexible", "equidistant", "sum_to_zero")


def ready(name, kind, y=(1.0, 2.0, 3.0, 4.0)):
    return family(name, threshold=kind).for_response(np.array(y), None, {})


def values(kind):
    """Parameters, and the thresholds that they make."""
    raw = np.array([-0.9, 0.2, 1.6])
    if kind == "equidistant":
        return {"thresholds": raw[:1], "delta": np.array(0.8)}, -0.9 + 0.8 * np.arange(3)
    return {"thresholds": raw}, raw if kind == "flexible" else raw - raw.mean()


@pytest.mark.parametrize("kind", KINDS)
def test_cumulative_is_a_difference_of_logistic_distribution_functions(kind):
    given, thresholds = values(kind)
    p = {"mu": np.array([0.3]), "disc": np.array([1.4]), **given}
    edges = special.expit(1.4 * (thresholds - 0.3))
    expected = np.diff([0.0, *edges, 1.0])
    made = ready("cumulative", kind)
    found = [np.exp(made.logp(np.array([k]), p, {}))[0] for k in (1.0, 2.0, 3.0, 4.0)]
    assert_allclose(found, expected, rtol=1e-12)
    assert_allclose(made.mean(p, {})[0], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_sratio_stops_at_thresholds(kind):
    given, thresholds = values(kind)
    p = {"mu": np.array([0.3]), "disc": np.array([1.0]), **given}
    stop = special.expit(thresholds - 0.3)
    going = np.cumprod(1.0 - stop)
    expected = [*(np.array([1.0, *going[:-1]]) * stop), going[-1]]
    assert_allclose(ready("sratio", kind).mean(p, {})[0], expected, rtol=1e-12)


def test_a_hurdle_before_ordered_categories():
    given, thresholds = values("flexible")
    p = {"mu": np.array([0.3]), "disc": np.array([1.0]), "hu": np.array([0.25]), **given}
    edges = special.expit(thresholds - 0.3)
    expected = np.array([0.25, *(0.75 * np.diff([0.0, *edges, 1.0]))])
    made = ready("hurdle_cumulative", "flexible", (0.0, 1.0, 2.0, 3.0, 4.0))
    found = [np.exp(made.logp(np.array([k]), p, {}))[0] for k in np.arange(5.0)]
    assert_allclose(found, expected, rtol=1e-12)
    assert_allclose(made.mean(p, {})[0], expected, rtol=1e-12)
    many = {name: np.broadcast_to(v, (4000, v.size)) for name, v in p.items()}
    many["thresholds"] = many["thresholds"][:, None, :]
    drawn = made.random(np.random.default_rng(1), many, {})
    counts = np.bincount(drawn.ravel(), minlength=5)
    assert stats.chisquare(counts, expected * 4000).pvalue > 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["cumulative", "sratio", "acat", "hurdle_cumulative"])
def test_families_told_of_thresholds_pickle_and_print(name, kind):
    told = family(name, threshold=kind)
    assert pickle.loads(pickle.dumps(told)) == told
    assert ("threshold" in repr(told)) == (kind != "flexible")


def test_a_saved_fit_knows_its_thresholds(tmp_path):
    import bayesmix as bx

    fit = given_fit("grade ~ x", frame(), family("cumulative", threshold="equidistant"))
    fit.save(tmp_path / "fit.nc")
    again = bx.load(tmp_path / "fit.nc")
    assert again.model.spec.family == fit.model.spec.family
    assert_allclose(again.posterior_epred().values, fit.posterior_epred().values)


def test_thresholds_are_shown_however_they_are_made():
    for kind in KINDS:
        fit = given_fit("grade ~ x", frame(), family("cumulative", threshold=kind))
        assert fit.fixef().index.tolist() == ["Intercept[1]", "Intercept[2]", "Intercept[3]", "x"]
        intercepts = fit.fixef()["Estimate"].iloc[:3].to_numpy()
        if kind == "sum_to_zero":
            assert intercepts.sum() == pytest.approx(0.0, abs=1e-9)
        if kind == "equidistant":
            assert np.ptp(np.diff(intercepts)) < 1e-9


def test_unknown_options():
    with pytest.raises(FamilyError, match="threshold= of family 'cumulative' is one of"):
        family("cumulative", threshold="even")
    with pytest.raises(FamilyError, match=r"takes no argument 'threshold'; .* 'link_sigma'"):
        family("gaussian", threshold="flexible")


def test_category_specific_effects_move_thresholds():
    fit = given_fit("grade ~ x + cs(z)", frame(), "sratio")
    draws = fit.idata["posterior"].to_dataset().stack(sample=("chain", "draw"))
    own = np.stack([draws[f"b_cs{k}"].values[0] for k in (1, 2, 3)], axis=-1)
    z, x = frame()["z"].to_numpy(), frame()["x"].to_numpy()
    eta = draws["b"].values[0][:, None] * x + 0.0 * z
    expected = eta[..., None] + own[:, None, :] * z[:, None]
    assert_allclose(fit.posterior_linpred().values, expected, rtol=1e-9)
    thresholds = draws["thresholds"].transpose("sample", "threshold").values[:, None, :]
    stop = special.expit(thresholds - expected)
    going = np.cumprod(1.0 - stop, axis=-1)
    assert_allclose(fit.posterior_epred().values[..., 1], going[..., 0] * stop[..., 1], rtol=1e-9)
    assert fit.fixef().index.tolist()[-3:] == ["z[1]", "z[2]", "z[3]"]


def test_all_coefficients_of_a_bracket_are_specific_or_none():
    spec = build_spec("grade ~ x + (1 + cs(z) | g) + (1 | k)", frame(), "acat")
    names = spec.by_name["sd_g"].coords[0]
    assert names == tuple(f"{c}[{k}]" for k in (1, 2, 3) for c in ("Intercept", "z"))
    assert spec.by_name["cor_g"].shape == (6, 6)


SPECIFIC = [
    ("grade ~ cs(x)", "cumulative", "could cross"),
    ("y ~ cs(x)", "gaussian", "'sratio', 'cratio' and 'acat'"),
    ("grade ~ cs(1)", "sratio", "own intercepts already"),
    ("grade ~ cs((1 | g))", "sratio", "terms of columns only"),
]


@pytest.mark.parametrize(("formula", "name", "message"), SPECIFIC)
def test_where_there_are_no_category_specific_terms(formula, name, message):
    with pytest.raises(FormulaError, match=message):
        build_spec(formula, frame(), name)


def test_a_hurdle_needs_categories_beyond_it():
    with pytest.raises(DataError, match="0 and at least two categories"):
        Model("yes ~ x", frame(), "hurdle_cumulative")
