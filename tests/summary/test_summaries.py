"""Tables of a posterior against numpy, and how they print."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesmix.errors import PredictionError
from bayesmix.fit import Fit
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.summary import ByGroup, Table, VarCorr, summarise
from bayesmix.tables import formatted

from ..support import draws_of, fit_of, frame, given_fit

DATA = frame()
FIT = given_fit(
    bf("y ~ x * f + (1 + x | i | g) + (0 + z | g) + (1 | k)", sigma="z + (1 | i | g)"), DATA
)
BY = given_fit("y ~ x + (1 + x | gr(g, by=t))", DATA)
DRAWS = draws_of(FIT)
COLUMNS = ["Estimate", "Est.Error", "Q2.5", "Q97.5"]


def check(table: pd.DataFrame, values: np.ndarray) -> None:
    """The table is the summary of the draws, ``(sample, row)``."""
    assert list(table)[:4] == COLUMNS
    np.testing.assert_allclose(table["Estimate"], values.mean(axis=0))
    np.testing.assert_allclose(table["Est.Error"], values.std(axis=0, ddof=1))
    np.testing.assert_allclose(table["Q2.5"], np.quantile(values, 0.025, axis=0))
    np.testing.assert_allclose(table["Q97.5"], np.quantile(values, 0.975, axis=0))


def test_fixef() -> None:
    table = FIT.fixef()
    names = ["Intercept", "x", "f[a]", "f[b]", "x:f[a]", "x:f[b]", "sigma_Intercept", "sigma_z"]
    assert table.index.tolist() == names
    check(table, np.concatenate([DRAWS["b"], DRAWS["b_sigma"]], axis=1))


def test_ranef() -> None:
    tables = FIT.ranef()
    assert list(tables) == ["g", "k"]
    coefs = ["Intercept", "x", "z", "sigma_Intercept"]
    assert tables["g"].index.tolist() == [(g, c) for g in "pqrstu" for c in coefs]
    assert tables["g"].index.names == ["g", "coef"]
    check(tables["g"], DRAWS["r_g"].reshape(40, -1))
    assert tables["k"].index.get_level_values("k").tolist() == [4, 7, 30]
    check(tables["k"].loc[[7]], DRAWS["r_k"][:, 1])


def test_coef_adds_up_draw_by_draw() -> None:
    table = FIT.coef()["g"]
    by_name = {
        "x": DRAWS["b"][:, 1] + DRAWS["r_g"][:, 2, 1],
        "f[a]": DRAWS["b"][:, 2],
        "sigma_Intercept": DRAWS["b_sigma"][:, 0] + DRAWS["r_g"][:, 2, 3],
        "sigma_z": DRAWS["b_sigma"][:, 1],
        "z": DRAWS["r_g"][:, 2, 2],
    }
    for name, values in by_name.items():
        check(table.loc[[("r", name)]], values[:, None])
    assert len(table) == 6 * 9


def test_varcorr() -> None:
    tables = FIT.varcorr()
    assert list(tables) == ["g", "k"]
    assert isinstance(tables["g"], VarCorr)
    sd, cor = DRAWS["sd_g"], DRAWS["cor_g"]
    check(tables["g"].sd, sd)
    check(tables["g"].cor, cor.reshape(40, -1))
    check(tables["g"].cov, (cor * sd[:, :, None] * sd[:, None, :]).reshape(40, -1))
    assert tables["g"].cor.loc[("z", "x"), "Estimate"] == 0
    assert (tables["k"].cor, tables["k"].cov) == (None, None)
    residual = BY.varcorr()["residual__"]
    check(residual.sd, draws_of(BY)["sigma"][:, None])


def test_varcorr_by() -> None:
    table = BY.varcorr()["g"]
    names = ["Intercept:t[new]", "x:t[new]", "Intercept:t[old]", "x:t[old]"]
    assert table.sd.index.tolist() == names
    draws = draws_of(BY)
    check(table.sd, draws["sd_g"].reshape(40, -1))
    check(table.cor.loc[[tuple(names[:2])]], draws["cor_g"][:, 0, 0, 1, None])
    assert table.cor.loc[(names[0], names[2]), "Estimate"] == 0


def test_ngrps() -> None:
    assert FIT.ngrps()["Levels"].to_dict() == {"g": 6, "k": 3}
    assert FIT.ngrps()["Levels"].dtype == np.int64


def test_summary() -> None:
    table = FIT.summary()
    assert list(table) == [*COLUMNS, "Rhat", "Bulk_ESS", "Tail_ESS"]
    parts = table.index.get_level_values("part")
    assert parts.unique().tolist() == ["g", "k", "Population"]
    assert table.loc["g"].index.tolist() == [
        "sd(Intercept)",
        "sd(x)",
        "sd(z)",
        "sd(sigma_Intercept)",
        "cor(Intercept,x)",
        "cor(Intercept,sigma_Intercept)",
        "cor(x,sigma_Intercept)",
    ]
    check(table.loc["Population"], np.concatenate([DRAWS["b"], DRAWS["b_sigma"]], axis=1))
    check(table.loc["g"].iloc[[4]], DRAWS["cor_g"][:, 0, 1, None])
    assert given_fit("y ~ x", DATA, "student").summary().loc["Further"].index.tolist() == [
        "sigma",
        "nu",
    ]


def test_diagnostics_are_those_of_arviz() -> None:
    from arviz_stats import summary

    fit = given_fit("y ~ x", DATA, chains=4, draws=50)
    theirs = summary(fit.idata["posterior"], round_to="none")
    ours = fit.summary().loc["Population"]
    np.testing.assert_allclose(ours["Rhat"], theirs["r_hat"].iloc[:2].astype(float))
    np.testing.assert_allclose(ours["Bulk_ESS"], theirs["ess_bulk"].iloc[:2].astype(float))


def test_a_group_called_like_a_part() -> None:
    fit = given_fit("y ~ x + (1 | Population)", DATA.assign(Population=DATA["g"]))
    assert fit.summary().index.unique(0).tolist() == ["Population (group)", "Population", "Further"]
    assert "Group Population (6 levels):" in repr(fit)


def test_robust_and_other_quantiles() -> None:
    table = FIT.fixef(probs=[0.1, 0.5, 0.999], robust=True)
    assert list(table) == ["Estimate", "Est.Error", "Q10", "Q50", "Q99.9"]
    np.testing.assert_allclose(table["Estimate"].iloc[:6], np.median(DRAWS["b"], axis=0))
    mad = stats.median_abs_deviation(DRAWS["b"], axis=0, scale="normal")
    np.testing.assert_allclose(table["Est.Error"].iloc[:6], mad)
    assert list(FIT.summary(probs=())) == ["Estimate", "Est.Error", "Rhat", "Bulk_ESS", "Tail_ESS"]


@pytest.mark.parametrize(
    "probs", [[-0.1], [1.1], [np.nan], "0.5", ["0.5"], [True], None, [[0.1]], [None], 2]
)
def test_probs_that_can_not_be(probs: object) -> None:
    for ask in (FIT.fixef, FIT.ranef, FIT.coef, FIT.varcorr, FIT.summary, FIT.predict, FIT.fitted):
        with pytest.raises(PredictionError, match="probs must be numbers between 0 and 1"):
            ask(probs=probs)


def test_few_draws() -> None:
    one = given_fit("y ~ x + (1 + x | g)", DATA, chains=1, draws=1)
    table = one.summary()
    assert table[["Est.Error", "Rhat", "Bulk_ESS"]].isna().all(axis=None)
    assert ("g", "cor(Intercept,x)") in table.index
    assert "Corr Intercept" in repr(one.varcorr())
    assert "nan" not in repr(one).lower()
    three = given_fit("y ~ x", DATA, chains=1, draws=3)
    assert "3 of one chain" in repr(three)


def test_one_chain_has_diagnostics() -> None:
    table = given_fit("y ~ x", DATA, chains=1, draws=40).summary()
    assert table["Rhat"].between(0.9, 1.3).all()


def printed(fit: Fit) -> str:
    return "\n".join(
        repr(x) for x in (fit, fit.fixef(), fit.ranef(), fit.coef(), fit.varcorr(), fit.ngrps())
    )


@pytest.mark.parametrize("fit", [FIT, BY], ids=["ids", "by"])
def test_what_is_printed_is_aligned_and_says_all(fit: Fit) -> None:
    text = printed(fit)
    assert "nan" not in text.lower()
    assert "-0.00 " not in text
    for block in repr(fit).split("\n\n")[1:]:
        widths = {len(line) for line in block.splitlines()[1:]}
        assert len(widths) == 1
    for part in ("Regression coefficients:", "Group g (6 levels):", str(fit.model.formula)[:10]):
        assert part in text


def test_html() -> None:
    for shown in (FIT, FIT.fixef(), FIT.ranef(), FIT.varcorr(), FIT.varcorr()["g"], FIT.ngrps()):
        html = shown._repr_html_()
        assert html.count("<table") + html.count("<pre") >= 1
        assert "-0.00<" not in html


def test_numbers_have_the_digits_of_their_errors() -> None:
    table = Table(
        {"Estimate": [251.4, 0.012341, 1.0], "Est.Error": [6.8, 0.000123, 0.0], "Q50": [1.0] * 3},
        index=["a", "b", "c"],
    )
    lines = repr(table).splitlines()
    assert lines[1].split() == ["a", "251.40", "6.80", "1.00"]
    assert lines[2].split() == ["b", "0.01234", "0.00012", "1.00000"]
    assert lines[3].split() == ["c", "1.00", "0.00", "1.00"]


def test_rounding_errors_of_constants_are_no_errors() -> None:
    table = formatted(Table({"Estimate": [1.0], "Est.Error": [3e-17]}))
    assert table.iloc[0].tolist() == ["1.00", "0.00"]


def test_nothing_reads_below_zero_that_reads_zero() -> None:
    table = formatted(Table({"Estimate": [-0.001, -0.1], "Est.Error": [1.0, np.nan]}))
    assert table["Estimate"].tolist() == ["0.00", "-0.10"]
    assert table["Est.Error"].tolist() == ["1.00", ""]


def test_long_tables_are_shortened_as_pandas_shortens_them() -> None:
    many = DATA.assign(g=range(60))
    table = given_fit("y ~ 1 + (1 + x | g)", many).ranef()["g"]
    assert len(table) == 120
    assert len(repr(table).splitlines()) < 20
    assert "[120 rows x 4 columns]" in repr(table)
    with pd.option_context("display.max_rows", None):
        assert len(repr(table).splitlines()) > 120


def test_tables_are_data_frames() -> None:
    table = FIT.fixef()
    assert isinstance(table.head(2), Table)
    assert isinstance(table["Estimate"], pd.Series)
    assert repr(table > 0).count("True") + repr(table > 0).count("False") == table.size
    assert repr(pd.concat([table, table], axis=1)).count("Estimate") == 2
    assert repr(table.T)
    assert repr(Table())
    table.loc["x", "Estimate"] = 7.0
    assert FIT.fixef().loc["x", "Estimate"] != 7.0


def test_by_group() -> None:
    groups = ByGroup({"g": 1})
    assert (len(groups), list(groups), groups["g"], dict(groups)) == (1, ["g"], 1, {"g": 1})
    with pytest.raises(KeyError, match="no group 'h'; there is 'g'"):
        groups["h"]
    none = given_fit("y ~ x", DATA)
    assert repr(none.ranef()) == "no groups"
    assert list(none.varcorr()) == ["residual__"]


def test_the_same_numbers_whatever_the_chains() -> None:
    model = Model("y ~ x", DATA)
    values = np.random.default_rng(1).normal(size=(1, 40, 2))
    one, two = (fit_of(model, c, 40 // c, b=values.reshape(c, -1, 2)).fixef() for c in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_summarise_one_quantity() -> None:
    table = summarise(np.array([[1.0], [3.0]]), pd.Index(["a"]), [0.5], robust=False)
    assert table.iloc[0].tolist() == [2.0, np.sqrt(2), 2.0]


def test_student_effects_have_their_df_in_the_groups_part() -> None:
    fit = given_fit('y ~ x + (1 | gr(g, dist="student"))', DATA)
    assert fit.summary().loc["g"].index.tolist() == ["sd(Intercept)", "df"]
    assert fit.summary().loc["Further"].index.tolist() == ["sigma"]
    df = draws_of(fit)["df_g"]
    assert df.min() < 2
    assert fit.varcorr().table["Share"].isna().all()
