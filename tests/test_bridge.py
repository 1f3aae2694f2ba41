from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr

from bayesmix.bridge import from_brms
from bayesmix.errors import DataError
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.names import variables

from .reference_cases import Case, cases

ROWS, DRAWS = 24, 6
BY_NAME = {c.name: c for c in cases()}


def data(**columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    own = {"x": rng.normal(size=ROWS), "y": rng.normal(size=ROWS)}
    return pd.DataFrame(own | {k: np.resize(np.array(v), ROWS) for k, v in columns.items()})


def column_names(model: Model) -> list[str]:
    return [cell.names[0] for v in variables(model.spec) for cell in v.cells]


def draws_of(names: list[str], count: int = DRAWS) -> pd.DataFrame:
    """Another number in every cell."""
    values = np.arange(len(names) * count, dtype=float).reshape(count, -1)
    return pd.DataFrame(0.1 + values / values.size, columns=names)


@pytest.fixture
def model() -> Model:
    return Model("y ~ x + (1 + x | g)", data(g=["a", "b"]))


@pytest.fixture
def draws(model: Model) -> pd.DataFrame:
    return draws_of(column_names(model))


def test_names_are_those_of_brms(model: Model) -> None:
    assert column_names(model) == [
        "b_Intercept",
        "b_x",
        "sd_g__Intercept",
        "sd_g__x",
        "cor_g__Intercept__x",
        "r_g[a,Intercept]",
        "r_g[a,x]",
        "r_g[b,Intercept]",
        "r_g[b,x]",
        "sigma",
    ]


def test_every_value_is_in_its_place(model: Model, draws: pd.DataFrame) -> None:
    posterior = from_brms(model, draws).idata["posterior"]
    assert posterior["b"].dims == ("chain", "draw", "coef")
    assert posterior["r_g"].dims == ("chain", "draw", "g", "g_coef")
    posterior = posterior.isel(chain=0)
    np.testing.assert_array_equal(posterior["b"].sel(coef="x"), draws["b_x"])
    np.testing.assert_array_equal(posterior["sd_g"].sel(g_coef="x"), draws["sd_g__x"])
    np.testing.assert_array_equal(posterior["r_g"].sel(g="b", g_coef="x"), draws["r_g[b,x]"])
    np.testing.assert_array_equal(posterior["sigma"], draws["sigma"])
    cor = posterior["cor_g"]
    for pair in (("x", "Intercept"), ("Intercept", "x")):
        np.testing.assert_array_equal(
            cor.sel(g_coef=pair[0], g_coef2=pair[1]), draws["cor_g__Intercept__x"]
        )
    np.testing.assert_array_equal(cor.sel(g_coef="x", g_coef2="x"), 1.0)
    np.testing.assert_array_equal(from_brms(model, draws).idata["observed_data"]["y"], data()["y"])


def test_dpars_have_their_prefix_and_dimension() -> None:
    case = BY_NAME["sleepstudy_sigma"]
    posterior = case.fit.idata["posterior"]
    raw = pd.read_csv(case.folder / "draws.csv")
    assert posterior["b_sigma"].dims == ("chain", "draw", "sigma_coef")
    np.testing.assert_array_equal(
        posterior["b_sigma"].sel(chain=0, sigma_coef="Days"), raw["b_sigma_Days"]
    )
    effects = posterior["r_Subject"].sel(chain=0, Subject="335", Subject_coef="sigma_Intercept")
    np.testing.assert_array_equal(effects, raw["r_Subject__sigma[335,Intercept]"])


def test_by_has_a_dimension_of_its_own() -> None:
    case = BY_NAME["gr_by"]
    posterior, raw = case.fit.idata["posterior"], pd.read_csv(case.folder / "draws.csv")
    assert posterior["sd_g"].dims == ("chain", "draw", "trt", "g_coef")
    assert posterior["cor_g"].dims == ("chain", "draw", "trt", "g_coef", "g_coef2")
    np.testing.assert_array_equal(
        posterior["sd_g"].sel(chain=0, trt="T", g_coef="x"), raw["sd_g__x:trtT"]
    )
    np.testing.assert_array_equal(
        posterior["cor_g"].sel(chain=0, trt="T", g_coef="x", g_coef2="Intercept"),
        raw["cor_g__Intercept:trtT__x:trtT"],
    )


def test_log_posterior_becomes_a_sample_stat() -> None:
    case = BY_NAME["sleepstudy_slopes"]
    lp = case.fit.idata["sample_stats"]["lp"]
    np.testing.assert_array_equal(lp.sel(chain=0), pd.read_csv(case.folder / "draws.csv")["lp__"])


def test_no_sample_stats_without_it(model: Model, draws: pd.DataFrame) -> None:
    assert "sample_stats" not in from_brms(model, draws).idata.children


DERIVED = [c for c in cases() if c.name != "f_sumzero"]
"""Thresholds that sum to zero are made of brms's temporary ones, whose mean has a prior too."""


@pytest.mark.parametrize("case", DERIVED, ids=lambda c: c.name)
def test_what_brms_derives_is_not_needed(case: Case) -> None:
    raw = pd.read_csv(case.folder / "draws.csv")
    bare = raw[[c for c in raw.columns if not c.startswith(("z_", "L_", "Cor_", "Int", "lp"))]]
    assert len(bare.columns) < len(raw.columns)
    xr.testing.assert_identical(
        from_brms(case.model, bare).idata["posterior"], case.fit.idata["posterior"]
    )


def test_any_frame_and_any_path(model: Model, draws: pd.DataFrame, tmp_path: Path) -> None:
    expected = from_brms(model, draws).idata
    path = tmp_path / "draws.csv"
    draws.assign(**{".draw": range(DRAWS)}).to_csv(path)
    for given in (pl.from_pandas(draws), draws.to_dict("list"), path, str(path)):
        assert from_brms(model, given).idata.identical(expected)


def test_factors_of_an_interaction_in_any_order_and_either_spelling() -> None:
    model = Model("y ~ x * f * h + (0 + x:f | g)", data(f=["u", "v"], h=list("kkkmmm"), g=[1, 2]))
    draws = draws_of(column_names(model))
    turned = {
        "b_x:fv:hm": "b_hm:x:fv",
        "b_x:fv": "b_fv:x",
        "sd_g__x:fu": "sd_g__fu:x",
        "cor_g__x:fu__x:fv": "cor_g__fv:x__fu:x",
        "r_g[2,x:fv]": "r_g[2,fv:x]",
    }
    assert set(turned) <= set(draws)
    xr.testing.assert_identical(
        from_brms(model, draws.rename(columns=turned)).idata["posterior"],
        from_brms(model, draws).idata["posterior"],
    )


def test_columns_of_a_basis_count_from_one() -> None:
    names = column_names(Model("y ~ poly(x, 2) + I(x**3)", data()))
    assert names == ["b_Intercept", "b_polyx21", "b_polyx22", "b_IxE3", "sigma"]


def test_levels_by_their_text() -> None:
    labels = [10, 9, 2.5]
    levels = pd.Categorical([labels[i % 3] for i in range(ROWS)], categories=labels)
    names = column_names(Model("y ~ x + (1 | g)", data().assign(g=levels)))
    assert [n for n in names if n.startswith("r_")] == [
        "r_g[10,Intercept]",
        "r_g[9,Intercept]",
        "r_g[2.5,Intercept]",
    ]


def test_white_space_in_levels_is_a_dot() -> None:
    frame = data(g=["New York", "Rio, [old]"], h=["a b", "c", "d"])
    names = column_names(Model("y ~ x + h + (1 | g) + (1 | g:h)", frame))
    assert {"r_g[New.York,Intercept]", "r_g[Rio,.[old],Intercept]", "b_hc"} <= set(names)
    assert "r_g:h[New.York_a.b,Intercept]" in names
    assert "sd_g:h__Intercept" in names


def test_true_and_false_as_r_writes_them() -> None:
    frame = data(flag=[True, False, False], word=["True", "no"], g=[True, False])
    names = column_names(Model("y ~ x * flag + (1 + flag | g)", frame))
    assert {"b_flagTRUE", "b_x:flagTRUE", "sd_g__flagTRUE", "r_g[FALSE,flagTRUE]"} <= set(names)
    of_text = Model("y ~ word", frame)
    draws = draws_of(["b_Intercept", "b_wordno", "sigma"])
    assert from_brms(of_text, draws).fixef().index.tolist() == ["Intercept", "word[no]"]
    turned = Model("y ~ word", frame.assign(word=pd.Categorical(frame["word"], ["no", "True"])))
    from_brms(turned, draws.rename(columns={"b_wordno": "b_wordTrue"}))


def test_zeros_between_separate_blocks() -> None:
    frame = data(g=["a", "b"], z=[0.1, 2.0, 3.5, 7.0])
    model = Model("y ~ x + (1 | g) + (0 + x + z | g)", frame)
    assert [n for n in column_names(model) if n.startswith("cor")] == ["cor_g__x__z"]
    cor = from_brms(model, draws_of(column_names(model))).idata["posterior"]["cor_g"]
    np.testing.assert_array_equal(cor.sel(g_coef="Intercept"), [[[1.0, 0.0, 0.0]] * DRAWS])


def test_ids_correlate_across_dpars_but_not_across_groups() -> None:
    formula = bf("y ~ x + (x | s | g) + (1 | h)", sigma="1 + (1 | s | g) + (1 | h)")
    names = column_names(Model(formula, data(g=["a", "b"], h=["u", "v", "w"])))
    assert [n for n in names if n.startswith("cor")] == [
        "cor_g__Intercept__x",
        "cor_g__Intercept__sigma_Intercept",
        "cor_g__x__sigma_Intercept",
    ]
    assert "r_h__sigma[u,Intercept]" in names


def test_chains_are_put_together_in_order(model: Model, draws: pd.DataFrame) -> None:
    marked = draws.assign(**{".chain": [2, 1, 2, 1, 1, 2], ".iteration": [3, 2, 1, 3, 1, 2]})
    posterior = from_brms(model, marked).idata["posterior"]
    assert posterior["sigma"].shape == (2, 3)
    rows = [[4, 1, 3], [2, 5, 0]]
    np.testing.assert_array_equal(posterior["sigma"], draws["sigma"].to_numpy()[rows])
    without = from_brms(model, marked.drop(columns=".iteration")).idata["posterior"]
    np.testing.assert_array_equal(
        without["sigma"], draws["sigma"].to_numpy()[[[1, 3, 4], [0, 2, 5]]]
    )


@pytest.mark.parametrize(
    ("chains", "iterations", "message"),
    [
        ([1, 1, 1, 1, 2, 2], [1, 2, 3, 4, 1, 2], r"differ in length \(1: 4, 2: 2\)"),
        ([1, 1, 1, 2, 2, 2], [1, 2, 2, 1, 2, 3], r"\.iteration twice in one \.chain"),
        ([1, 1, None, 2, 2, 2], [1, 2, 3, 1, 2, 3], r"'\.chain' of draws is missing"),
    ],
)
def test_chains_that_can_not_be(
    chains: list[Any], iterations: list[int], message: str, model: Model, draws: pd.DataFrame
) -> None:
    with pytest.raises(DataError, match=message):
        from_brms(model, draws.assign(**{".chain": chains, ".iteration": iterations}))


@pytest.mark.parametrize("missing", ["b_x", "sd_g__x", "cor_g__Intercept__x", "r_g[b,x]", "sigma"])
def test_a_missing_column_is_named(missing: str, model: Model, draws: pd.DataFrame) -> None:
    with pytest.raises(DataError) as error:
        from_brms(model, draws.drop(columns=missing))
    assert f"no column '{missing}'" in str(error.value)


@pytest.mark.parametrize("surplus", ["b_z", "sd_h__Intercept", "nu", "r_g[c,x]", "my notes"])
def test_a_column_too_many_is_named(surplus: str, model: Model, draws: pd.DataFrame) -> None:
    with pytest.raises(DataError) as error:
        from_brms(model, draws.assign(**{surplus: 1.0}))
    assert f"'{surplus}', no parameter of the model" in str(error.value)


def test_a_parameter_in_two_columns(model: Model) -> None:
    model = Model("y ~ x:f", data(f=["u", "v"]))
    draws = draws_of(column_names(model))
    with pytest.raises(DataError, match=r"'b_fu:x', no parameter"):
        from_brms(model, draws.assign(**{"b_fu:x": 1.0}))


def test_another_name_is_hinted_at(model: Model, draws: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"no column 'sd_g__x'.*Did you mean 'sd_g__xx'"):
        from_brms(model, draws.rename(columns={"sd_g__x": "sd_g__xx"}))


def test_effects_that_were_not_saved(model: Model, draws: pd.DataFrame) -> None:
    kept = draws[[c for c in draws if not c.startswith("r_")]]
    with pytest.raises(DataError, match="Group effects were not saved"):
        from_brms(model, kept)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "'b_x' of draws is missing or infinite in row 2"),
        (np.inf, "'b_x' of draws is missing or infinite in row 2"),
        ("many", "'b_x' of draws does not hold numbers"),
    ],
)
def test_values_that_are_no_draws(
    value: Any, message: str, model: Model, draws: pd.DataFrame
) -> None:
    column = draws["b_x"].astype(object)
    column[2] = value
    with pytest.raises(DataError, match=message):
        from_brms(model, draws.assign(b_x=column))


def test_files_that_hold_no_draws(model: Model, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        from_brms(model, tmp_path / "nowhere.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="can't be read as a CSV"):
        from_brms(model, tmp_path / "empty.csv")
    (tmp_path / "header.csv").write_text("b_Intercept,b_x\n")
    with pytest.raises(DataError, match="no rows"):
        from_brms(model, tmp_path / "header.csv")
    with pytest.raises(DataError, match="can't be read as a CSV"):
        from_brms(model, tmp_path)
    with pytest.raises(DataError, match="draws must be a data frame"):
        from_brms(model, 3)


def test_levels_that_brms_would_not_tell_apart() -> None:
    model = Model("y ~ x + (1 | g)", data(g=["a b", "a.b"]))
    with pytest.raises(DataError, match=r"would be called 'r_g\[a\.b,Intercept\]'"):
        from_brms(model, draws_of(sorted(set(column_names(model)))))


def test_scales_of_student_effects_are_numbered_by_group_in_alphabetical_order() -> None:
    columns = data(g=["a", "b"], h=["u", "v", "w"])
    model = Model('y ~ (1 | gr(h, dist="student")) + (1 | gr(g, dist="student"))', columns)
    names = column_names(model)
    assert [n for n in names if "df" in n] == [
        *("df_h", "udf_2[1]", "udf_2[2]", "udf_2[3]"),
        *("df_g", "udf_1[1]", "udf_1[2]"),
    ]
    fit = from_brms(model, draws_of(names).assign(**{"dfm_1[1]": 1.0}))
    assert fit.idata["posterior"]["udf_h"].dims == ("chain", "draw", "h")
    kept = [n for n in names if not n.startswith("udf")]
    with pytest.raises(DataError, match="save_pars\\(all = TRUE\\)"):
        from_brms(model, draws_of(kept))
