from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy.integrate import quad

from bayesmix.errors import PriorError
from bayesmix.parameters.slots import Slot
from bayesmix.priors.prior import prior
from bayesmix.priors.resolve import resolve
from bayesmix.priors.table import PriorTable

INF = math.inf

INTERCEPT = Slot("Intercept")
B = Slot("b", coef="Machine[B]")
C = Slot("b", coef="Machine[C]")
X_B = Slot("b", coef="x:Machine[B]")
SD_INTERCEPT = Slot("sd", group="Worker", coef="Intercept")
SD_B = Slot("sd", group="Worker", coef="Machine[B]")
SD_C = Slot("sd", group="Worker", coef="Machine[C]")
SD_DAY = Slot("sd", group="Worker:Day", coef="Intercept")
COR = Slot("cor", group="Worker")
SIGMA = Slot("sigma", lower=0.0)
NU_INTERCEPT = Slot("Intercept", "nu")
NU_SD = Slot("sd", "nu", "Worker", "Intercept")
NU_B = Slot("b", "nu", coef="age")

MACHINES = (INTERCEPT, B, C, SD_INTERCEPT, SD_B, SD_C, COR, SIGMA)
MODEL = (*MACHINES, X_B, SD_DAY, NU_INTERCEPT, NU_SD, NU_B)
DEFAULTS = {
    ("Intercept", ""): "student_t(3, 61.6, 8.5)",
    ("Intercept", "nu"): "normal(2.7, 0.8)",
    ("sd", ""): "student_t(3, 0, 8.5)",
    ("sd", "nu"): "student_t(3, 0, 8.5)",
    ("b", ""): "",
    ("cor", ""): "lkj(1)",
    ("sigma", ""): "student_t(3, 0, 8.5)",
}


def table(*user, slots=MODEL) -> PriorTable:
    return resolve(slots, DEFAULTS, user)


def texts(made: PriorTable, *slots: Slot) -> list[str]:
    return [str(made.for_slot(s).distribution) for s in slots]


def rows(made: PriorTable) -> list[tuple[str, ...]]:
    return [tuple(r) for r in made.frame().itertuples(index=False)]


def test_without_a_user_everything_is_default():
    made = table()
    assert texts(made, INTERCEPT, B, SD_B, NU_SD, COR) == [
        "student_t(3, 61.6, 8.5)",
        "",
        "student_t(3, 0, 8.5)",
        "student_t(3, 0, 8.5)",
        "lkj(1)",
    ]
    assert {r.source for r in made.resolved} == {"default"}


def test_the_most_specific_prior_wins_whatever_the_order():
    stated = [
        prior("exponential(1)", "sd"),
        prior("exponential(2)", "sd", group="Worker"),
        prior("exponential(3)", "sd", group="Worker", coef="Machine[B]"),
    ]
    expected = ["exponential(2)", "exponential(3)", "exponential(1)", "student_t(3, 0, 8.5)"]
    for order in (stated, stated[::-1]):
        assert texts(table(*order), SD_C, SD_B, SD_DAY, NU_SD) == expected


def test_a_class_prior_is_for_mu_alone_unless_it_names_a_dpar():
    made = table(prior("normal(0, 1)", "b"), prior("normal(0, 2)", "b", dpar="nu"))
    assert texts(made, B, NU_B) == ["normal(0, 1)", "normal(0, 2)"]


@pytest.mark.parametrize("coef", ["x:Machine[B]", "x:MachineB", "MachineB:x", "Machine[B]:x"])
def test_coefficients_go_by_their_name_here_or_in_r(coef):
    assert texts(table(prior("normal(5, 3)", "b", coef=coef)), X_B, B) == ["normal(5, 3)", ""]


def test_members_of_a_group_go_in_any_order():
    made = table(prior("exponential(1)", "sd", group="Day:Worker"))
    assert texts(made, SD_DAY) == ["exponential(1)"]


def test_one_prior_needs_no_list():
    made = resolve(MODEL, DEFAULTS, prior("normal(0, 1)", "b"))
    assert texts(made, B) == ["normal(0, 1)"]


def test_an_exact_name_beats_an_r_name():
    ab, a_b = Slot("b", coef="ab"), Slot("b", coef="a[b]")
    made = resolve([ab, a_b], {}, [prior("normal(0, 1)", "b", coef="ab")])
    assert texts(made, ab, a_b) == ["normal(0, 1)", ""]


def test_a_lookup_needs_no_natural_range():
    assert table().for_slot(Slot("sigma")).lower == 0.0
    with pytest.raises(KeyError):
        table().for_slot(Slot("phi"))


def test_an_explicit_flat_prior_replaces_the_default():
    made = table(prior("", "Intercept"))
    assert texts(made, INTERCEPT) == [""] and made.for_slot(INTERCEPT).source == "user"


def test_bounds_alone_keep_the_less_specific_distribution():
    made = table(prior("normal(0, 1)", "b"), prior("", "b", coef="MachineB", lb=0))
    bounded, free = made.for_slot(B), made.for_slot(C)
    assert (str(bounded.distribution), bounded.lower) == ("normal(0, 1)", 0.0)
    assert (str(free.distribution), free.lower) == ("normal(0, 1)", -INF)


def test_the_most_specific_bound_wins_each_for_itself():
    made = table(
        prior("normal(0, 1)", "b", lb=0, ub=5), prior("normal(0, 1)", "b", coef="MachineB", lb=-1)
    )
    assert (made.for_slot(B).lower, made.for_slot(B).upper) == (-1.0, 5.0)
    assert (made.for_slot(C).lower, made.for_slot(C).upper) == (0.0, 5.0)


def test_the_range_is_natural_range_bounds_and_support_together():
    made = table(
        prior("gamma(2, 1)", "b"),
        prior("uniform(-1, 4)", "sd"),
        prior("normal(0, 1)", "sigma", lb=-3, ub=2),
    )
    ranges = [(made.for_slot(s).lower, made.for_slot(s).upper) for s in (B, SD_B, SIGMA)]
    assert ranges == [(0.0, INF), (0.0, 4.0), (0.0, 2.0)]


def test_a_flat_prior_between_two_bounds_is_uniform():
    made = table(prior("", "b", lb=-1, ub=3))
    assert texts(made, B) == ["uniform(-1, 3)"]
    assert rows(made)[0] == ("", "b", "", "", "", "-1", "3", "user")


@pytest.mark.parametrize(
    "stated",
    [
        prior("student_t(3, 1, 2.5)", "sd"),
        prior("normal(-2, 1)", "sd", lb=0.5, ub=1),
        prior("gamma(2, 0.5)", "sd", lb=1),
        prior("uniform(-1, 4)", "sd"),
        prior("cauchy(0, 2)", "sd"),
        prior("inv_gamma(3, 2)", "sd", ub=2),
    ],
    ids=str,
)
def test_truncated_densities_integrate_to_one_and_vanish_outside(stated):
    resolved = table(stated).for_slot(SD_B)
    total, _ = quad(lambda x: np.exp(resolved.logpdf(x)), resolved.lower, resolved.upper)
    assert total == pytest.approx(1.0, abs=1e-6)
    assert resolved.logpdf(resolved.lower - 0.1) == -INF
    if resolved.upper < INF:
        assert resolved.logpdf(resolved.upper + 0.1) == -INF


def test_draws_stay_in_the_range():
    draws = (
        table(prior("normal(0, 1)", "sd", ub=1)).for_slot(SD_B).rvs(np.random.default_rng(0), 99)
    )
    assert ((draws > 0) & (draws < 1)).all()


def test_the_log_prior_of_a_draw_is_brms_lprior():
    # Draw 1 of the reference case machines_priors.
    made = table(
        prior("normal(0, 10)", "b"),
        prior("normal(5, 3)", "b", coef="MachineB"),
        prior("student_t(4, 60, 10)", "Intercept"),
        prior("exponential(0.2)", "sd"),
        prior("gamma(2, 0.5)", "sd", coef="MachineC", group="Worker"),
        prior("lkj(2)", "cor"),
        prior("cauchy(0, 2)", "sigma"),
        slots=MACHINES,
    )
    factor = [
        [1.0, 0.0, 0.0],
        [-0.0680591593744, 0.997681287198, 0.0],
        [-0.157854980711, -0.0327356359562, 0.986919542416],
    ]
    draw = {
        INTERCEPT: 58.3601236057,
        B: 6.77910456666,
        C: 11.9293053251,
        SD_INTERCEPT: 3.89877227839,
        SD_B: 5.17625249731,
        SD_C: 4.08747615135,
        COR: factor,
        SIGMA: 0.932722013365,
    }
    total = sum(made.for_slot(slot).logpdf(x) for slot, x in draw.items())
    assert total == pytest.approx(-18.4729167752, abs=1e-9)


def test_the_log_prior_of_a_draw_is_brms_lprior_under_the_defaults_of_a_student_model():
    slots = (INTERCEPT, Slot("sd", group="g", coef="Intercept"), SIGMA, Slot("nu", lower=1.0))
    made = resolve(
        slots,
        {
            ("Intercept", ""): "student_t(3, 0.409166666666667, 2.5)",
            ("sd", ""): "student_t(3, 0, 2.5)",
            ("sigma", ""): "student_t(3, 0, 2.5)",
            ("nu", ""): "gamma(2, 0.1)",
        },
    )
    draw = (0.404251280543, 0.494739752421, 0.896262720219, 55.7284700349)
    total = sum(made.for_slot(s).logpdf(x) for s, x in zip(slots, draw, strict=True))
    assert total == pytest.approx(-10.6279220536, abs=1e-9)


def test_the_table_of_the_machines_is_brms_prior_summary():
    made = table(
        prior("normal(0, 10)", "b"),
        prior("normal(5, 3)", "b", coef="MachineB"),
        prior("exponential(0.2)", "sd"),
        prior("gamma(2, 0.5)", "sd", coef="MachineC", group="Worker"),
        prior("lkj(2)", "cor"),
        slots=MACHINES,
    )
    assert list(made.frame().columns) == [
        "prior", "class", "coef", "group", "dpar", "lb", "ub", "source",
    ]  # fmt: skip
    assert rows(made) == [
        ("normal(0, 10)", "b", "", "", "", "", "", "user"),
        ("normal(5, 3)", "b", "Machine[B]", "", "", "", "", "user"),
        ("", "b", "Machine[C]", "", "", "", "", "default"),
        ("lkj(2)", "cor", "", "", "", "", "", "user"),
        ("", "cor", "", "Worker", "", "", "", "default"),
        ("student_t(3, 61.6, 8.5)", "Intercept", "", "", "", "", "", "default"),
        ("exponential(0.2)", "sd", "", "", "", "0", "", "user"),
        ("", "sd", "", "Worker", "", "", "", "default"),
        ("", "sd", "Intercept", "Worker", "", "", "", "default"),
        ("", "sd", "Machine[B]", "Worker", "", "", "", "default"),
        ("gamma(2, 0.5)", "sd", "Machine[C]", "Worker", "", "", "", "user"),
        ("student_t(3, 0, 8.5)", "sigma", "", "", "", "0", "", "default"),
    ]


def test_the_rows_of_another_dpar_come_after_those_of_mu():
    days = (
        Slot("b", coef="Days"),
        INTERCEPT,
        Slot("sd", group="Subject", coef="Intercept"),
        Slot("sd", group="Subject", coef="Days"),
        Slot("cor", group="Subject"),
        Slot("b", "nu", coef="Days"),
        NU_INTERCEPT,
        Slot("sd", "nu", "Subject", "Intercept"),
    )
    assert [r[1:5] for r in rows(table(slots=days))] == [
        ("b", "", "", ""),
        ("b", "Days", "", ""),
        ("cor", "", "", ""),
        ("cor", "", "Subject", ""),
        ("Intercept", "", "", ""),
        ("sd", "", "", ""),
        ("sd", "", "Subject", ""),
        ("sd", "Days", "Subject", ""),
        ("sd", "Intercept", "Subject", ""),
        ("b", "", "", "nu"),
        ("b", "Days", "", "nu"),
        ("Intercept", "", "", "nu"),
        ("sd", "", "", "nu"),
        ("sd", "", "Subject", "nu"),
        ("sd", "Intercept", "Subject", "nu"),
    ]


def test_the_row_of_a_class_shows_its_natural_range():
    made = resolve([Slot("nu", lower=1.0), Slot("zi", lower=0.0, upper=1.0)], {})
    assert [r[5:7] for r in rows(made)] == [("1", ""), ("0", "1")]


def test_prints_as_a_table():
    assert "student_t(3, 61.6, 8.5) Intercept" in repr(table())


def test_pickles():
    made = table(prior("normal(0, 1)", "b"))
    made.for_slot(B)
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize(
    ("stated", "fragments"),
    [
        ([prior("normal(0, 1)", "phi")], ["matches no parameter", "no class 'phi'", "'sigma'"]),
        ([prior("normal(0, 1)", "sigm")], ["Did you mean 'sigma'"]),
        ([prior("normal(0, 1)", "B")], ["no class 'B'", "Did you mean 'b'"]),
        ([prior("normal(0, 1)", "intercept")], ["Did you mean 'Intercept'"]),
        ([prior("gamma(2, 0.1)", "nu")], ["'nu' has a formula", "dpar="]),
        ([prior("normal(0, 1)", "b", dpar="sigma")], ["'sigma' has no formula", "'mu', 'nu'"]),
        ([prior("normal(0, 1)", "b", dpar="nuu")], ["Did you mean 'nu'"]),
        ([prior("normal(0, 1)", "b", coef="MachineD")], ["no coef 'MachineD'", "'Machine[B]'"]),
        ([prior("normal(0, 1)", "b", coef="machineb")], ["no coef 'machineb'"]),
        ([prior("normal(0, 1)", "b", coef="Intercept")], ["class 'Intercept', without a coef"]),
        ([prior("normal(0, 1)", "Intercept", coef="x")], ["no coefficients", "leave coef="]),
        ([prior("normal(0, 1)", "b", coef="age")], ["no coef 'age'"]),
        ([prior("exponential(1)", "sd", group="worker")], ["Did you mean 'Worker'"]),
        ([prior("exponential(1)", "sd", group="Plant")], ["no group 'Plant'", "'Worker:Day'"]),
        ([prior("exponential(1)", "sd", group="Worker", coef="x")], ["no coef 'x'", "'Intercept'"]),
        ([prior("lkj(1)", "cor", group="Worker:Day")], ["no group 'Worker:Day'", "'Worker'"]),
        ([prior("normal(0, 1)", "b"), prior("normal(0, 2)", "b")], ["for the same parameters"]),
        (
            [
                prior("normal(0, 1)", "b", coef="MachineB"),
                prior("normal(0, 2)", "b", coef="Machine[B]"),
            ],
            ["for the same parameters"],
        ),
        ([prior("uniform(-2, -1)", "sd")], ["nothing is left", "class 'sd'"]),
        ([prior("normal(0, 1)", "sigma", ub=-1)], ["nothing is left", "(0, Inf)"]),
        (
            [prior("uniform(0, 1)", "b"), prior("", "b", coef="MachineB", lb=2)],
            ["nothing is left", "coef='Machine[B]'"],
        ),
        ([prior("normal(0, 1)", "b", lb=50)], ["practically no probability in (50, Inf)"]),
        (["normal(0, 1)"], ["made by prior(", "'normal(0, 1)'"]),
        ([3], ["made by prior(", "got 3"]),
    ],
)
def test_what_does_not_fit_the_model_is_an_error(stated, fragments):
    with pytest.raises(PriorError) as error:
        resolve(MODEL, DEFAULTS, stated)
    for fragment in fragments:
        assert fragment in str(error.value)


@pytest.mark.parametrize("user", ["normal(0, 1)", 3, {"b": "normal(0, 1)"}])
def test_priors_must_be_priors(user):
    with pytest.raises(PriorError, match="made by prior"):
        resolve(MODEL, DEFAULTS, user)


def test_a_name_of_two_coefficients_is_an_error_that_lists_them():
    slots = [Slot("b", coef="f[ab]"), Slot("b", coef="fa[b]")]
    with pytest.raises(PriorError, match=r"could be 'f\[ab\]', 'fa\[b\]'"):
        resolve(slots, {}, [prior("normal(0, 1)", "b", coef="fab")])


def test_a_class_that_the_model_has_not_is_an_error():
    with pytest.raises(PriorError, match="no class 'b'"):
        resolve([INTERCEPT, SIGMA], DEFAULTS, prior("normal(0, 1)", "b"))


def test_degrees_of_freedom_are_stated_by_group() -> None:
    slots = [Slot("df", group=g, lower=1.0) for g in "gh"]
    table = resolve(slots, {("df", ""): "gamma(2, 0.1)"}, prior("normal(4, 1)", "df", group="h"))
    assert [str(p.distribution) for p in table.resolved] == ["gamma(2, 0.1)", "normal(4, 1)"]
    assert [(p.lower, p.source) for p in table.resolved] == [(1.0, "default"), (1.0, "user")]
    assert [row.key.group for row in table.rows] == ["g", "h"]
    with pytest.raises(PriorError, match=r"needs its group=. There is 'g', 'h'"):
        resolve(slots, {}, prior("normal(4, 1)", "df"))
