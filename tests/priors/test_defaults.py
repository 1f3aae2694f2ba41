from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayesmix.families.family import Dpar
from bayesmix.families.registry import family
from bayesmix.parameters.slots import Slot
from bayesmix.priors.defaults import default_priors

SD = Slot("sd", group="g", coef="Intercept")
SIGMA = Slot("sigma", lower=0.0)

# One subject of the sleep study.
REACTION = [249.56, 258.7047, 250.8006, 321.4398, 356.8519]
REACTION += [414.6901, 382.2038, 290.1486, 430.5853, 466.3535]

# The first rows of the reference case student_offset: the response, its offset.
OFFSET_MEAN = 0.290833333333333


def defaults(name: str, y: object, *slots: Slot, **kwargs: object) -> dict[tuple[str, str], str]:
    model_family = family(name) if isinstance(name, str) else name
    found = default_priors(model_family, y, slots, **kwargs)
    return {key: str(value) for key, value in found.items()}


def with_dpar(base: str, *dpars: Dpar, **changes: object):
    made = family(base)
    return replace(made, dpars=(made.dpar("mu"), *dpars), **changes)


def test_gaussian_takes_median_and_mad_of_the_response():
    found = defaults("gaussian", REACTION, Slot("Intercept"), SD, SIGMA)
    # median 339.14585; deviations' median 77.9927, times 1.4826 is 115.632
    assert found == {
        ("Intercept", ""): "student_t(3, 339.1, 115.6)",
        ("sd", ""): "student_t(3, 0, 115.6)",
        ("sigma", ""): "student_t(3, 0, 115.6)",
    }


def test_the_scale_is_at_least_2_5():
    found = defaults("gaussian", [0.1, 0.2, 0.4, 0.9], Slot("Intercept"), SD)
    assert found["Intercept", ""] == "student_t(3, 0.3, 2.5)"
    assert found["sd", ""] == "student_t(3, 0, 2.5)"


def test_population_coefficients_are_flat_and_correlations_uniform():
    found = defaults("gaussian", REACTION, Slot("b", coef="x"), Slot("cor", group="g"))
    assert found == {("b", ""): "", ("cor", ""): "lkj(1)"}


def test_the_mean_offset_moves_the_intercept_and_nothing_else():
    y = np.array([0.2, 0.6, 0.7, 0.8, 1.4])
    slots = (Slot("Intercept"), SD, SIGMA, Slot("nu", lower=1.0))
    found = defaults("student", y, *slots, offset_means={"mu": OFFSET_MEAN})
    assert found == {
        ("Intercept", ""): "student_t(3, 0.409166666666667, 2.5)",
        ("sd", ""): "student_t(3, 0, 2.5)",
        ("sigma", ""): "student_t(3, 0, 2.5)",
        ("nu", ""): "gamma(2, 0.1)",
    }


def test_a_log_link_looks_at_the_log_of_the_counts_with_a_tenth_for_zero():
    y = [0, 0, 0, 4, 4, 50, 60]
    found = defaults("poisson", y, Slot("Intercept"), SD)
    # log: -2.303 three times, 1.386 twice, 3.912, 4.094; mad 1.4826 * 2.708 = 4.0
    assert found["Intercept", ""] == "student_t(3, 1.4, 4)"
    assert found["sd", ""] == "student_t(3, 0, 4)"


@pytest.mark.parametrize(("name", "y"), [("bernoulli", [0, 1, 1, 0]), ("binomial", [2, 30, 45, 9])])
def test_other_links_do_not_look_at_the_response(name, y):
    found = defaults(name, y, Slot("Intercept"), SD)
    assert found == {
        ("Intercept", ""): "student_t(3, 0, 2.5)",
        ("sd", ""): "student_t(3, 0, 2.5)",
    }


def test_labels_as_a_response_are_not_looked_at():
    identity = family("bernoulli").with_link("mu", "identity")
    found = defaults(identity, np.array([False, True, True]), Slot("Intercept"))
    assert found["Intercept", ""] == "student_t(3, 0, 2.5)"


def test_sigma_with_a_formula_is_on_its_log_scale_but_the_sds_are_those_of_mu():
    slots = (
        Slot("Intercept"),
        Slot("Intercept", "sigma"),
        Slot("sd", "sigma", "g", "Intercept"),
        Slot("b", "sigma", coef="x"),
    )
    found = defaults("gaussian", REACTION, *slots)
    assert found == {
        ("Intercept", ""): "student_t(3, 339.1, 115.6)",
        ("Intercept", "sigma"): "student_t(3, 0, 2.5)",
        ("sd", "sigma"): "student_t(3, 0, 115.6)",
        ("b", "sigma"): "",
    }


def test_sigma_with_a_formula_and_negative_responses_has_the_least_scale():
    found = defaults("gaussian", [-100.0, 0.0, 100.0], Slot("Intercept", "sigma"))
    assert found["Intercept", "sigma"] == "student_t(3, 0, 2.5)"


def test_sigma_without_a_formula_ignores_the_link_of_mu():
    log_link = family("gaussian").with_link("mu", "log")
    found = defaults(log_link, REACTION, SD, SIGMA)
    assert found == {("sd", ""): "student_t(3, 0, 2.5)", ("sigma", ""): "student_t(3, 0, 115.6)"}


def test_families_on_the_log_scale_look_at_the_log_of_the_response():
    lognormal = with_dpar("gaussian", family("gaussian").dpar("sigma"), log_scale=True)
    found = defaults(lognormal, np.exp([3.0, 3.7, 4.0]), Slot("Intercept"), SIGMA)
    assert found == {
        ("Intercept", ""): "student_t(3, 3.7, 2.5)",
        ("sigma", ""): "student_t(3, 0, 2.5)",
    }


def test_negative_binomials_have_a_shape_prior_of_their_own():
    shape = Slot("shape", lower=0.0)
    gamma = with_dpar("poisson", family("negbinomial").dpar("shape"), name="gamma")
    assert defaults("negbinomial", [1, 2], shape)["shape", ""] == "inv_gamma(0.4, 0.3)"
    assert defaults(gamma, [1, 2], shape)["shape", ""] == "gamma(0.01, 0.01)"


@pytest.mark.parametrize(
    ("dpar", "link", "expected"),
    [
        ("shape", "log", "student_t(3, 0, 2.5)"),
        ("nu", "logm1", "normal(2.7, 0.8)"),
        ("nu", "identity", "gamma(2, 0.1)"),
        ("zi", "logit", "logistic(0, 1)"),
        ("beta", "log", "normal(1.7, 1.3)"),
        ("anything", "log", ""),
    ],
)
def test_the_intercept_of_another_dpar(dpar, link, expected):
    made = with_dpar("gaussian", Dpar(dpar, link, (link,)))
    found = defaults(made, REACTION, Slot("Intercept", dpar))
    assert found["Intercept", dpar] == expected


def test_a_shift_lies_below_the_least_response():
    made = with_dpar("gaussian", Dpar("ndt", "log", ("log",)))
    assert defaults(made, REACTION, Slot("ndt"))["ndt", ""] == "uniform(0, 249.56)"
