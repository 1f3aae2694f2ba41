"""Kernels made of densities, against the ones written by hand, and derivatives against slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesmix.errors import FamilyError
from bayesmix.families import FAMILIES
from bayesmix.families.derived import DerivedRow, derived_row
from bayesmix.families.derived.expression import constant, make, variable
from bayesmix.families.derived.functions import PRIMITIVES, SLOPES
from bayesmix.families.row import RowKernel

NATURAL = {"natural": lambda v: v, "log": math.exp, "odds": lambda v: 1 / (1 + math.exp(-v))}
BY_HAND = [name for name, f in FAMILIES.items() if isinstance(f.row, RowKernel) and not f.vectors]
OF_COUNTS = ("log_beta_binomial", "log_com_poisson_tail")
"""Whose arguments aren't any numbers."""
OF_VALUES = [n for n in BY_HAND if FAMILIES[n].row.shared is None]


def derived(name: str) -> DerivedRow:
    f = FAMILIES[name]
    scales = dict(zip(f.dpar_names, f.row.scales, strict=True))
    return derived_row(f.density, scales, f.row.takes, f.log_cdf, f.log_sf)


def points(name: str) -> list[tuple[float, ...]]:
    """Responses, trials and values in many places."""
    f, rng = FAMILIES[name], np.random.default_rng(5)
    ys = [0.0, 1.0] if name == "bernoulli" else [0.0, 1.0, 3.0, 5.0] if f.discrete else [0.3, 4.0]
    found = []
    for y in ys:
        for _ in range(8):
            values = [*rng.normal(0, 1.5, len(f.dpars))]
            if name == "student":
                values[2] = 1.0 + math.exp(values[2])
            found.append((y, *[7.0] * len(f.row.takes), *values))
    return found


@pytest.mark.parametrize("name", OF_VALUES)
def test_a_derived_kernel_has_the_derivatives_of_the_one_by_hand(name: str) -> None:
    row, by_hand = derived(name), FAMILIES[name].row
    for at in points(name):
        assert_allclose(row.function(*at)[1:], by_hand.function(*at)[1:], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", OF_VALUES)
def test_the_exact_kernel_is_the_density(name: str) -> None:
    f, row = FAMILIES[name], derived(name)
    terms = len(f.row.takes)
    for y, *rest in points(name):
        values = zip(f.dpar_names, f.row.scales, rest[terms:], strict=True)
        p = {dpar: np.array([NATURAL[scale](v)]) for dpar, scale, v in values}
        expected = f.logp(np.array([y]), p, {"trials": np.array([7.0])})[0]
        assert_allclose(row.exact(y, *rest)[0], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["gaussian", "lognormal"])
def test_distribution_functions_of_both_tails(name: str) -> None:
    row, by_hand = derived(name), FAMILIES[name].row
    for at in (*points(name), (9.0, -40.0, 0.1), (1e-3, 30.0, -0.5)):
        assert_allclose(row.below(*at), by_hand.below(*at), rtol=1e-9)
        assert_allclose(row.above(*at), by_hand.above(*at), rtol=1e-9)


def test_digits_of_small_probabilities_are_kept() -> None:
    row = derived_row(lambda y, p, aux, m: m.log1p(-p["mu"]), {"mu": "odds"})
    assert_allclose(row.function(0.0, 800.0), (-800.0, -1.0))
    row = derived_row(lambda y, p, aux, m: m.log(p["sigma"]), {"sigma": "log"})
    assert row.function(0.0, -2000.0) == (-2000.0, 1.0)


def test_what_the_data_alone_say_is_left_out_unless_asked_for() -> None:
    row = derived_row(
        lambda y, p, aux, m: m.where(p["mu"] > -3.0, y * p["mu"] - m.gammaln(y + 1.0), -np.inf),
        {"mu": "natural"},
    )
    assert row.function(3.0, 0.5) == (1.5, 3.0)
    assert_allclose(row.exact(3.0, 0.5), (1.5 - math.log(6.0), 3.0))
    assert row.function(3.0, -4.0)[0] == -math.inf


def test_only_the_side_that_the_data_choose_is_computed() -> None:
    def density(y, p, aux, m):  # type: ignore[no-untyped-def]
        return m.where(y > 0, m.log(p["mu"]), m.exp(p["mu"]))

    row = derived_row(density, {"mu": "natural"})
    # Python's log would raise for a negative number.
    assert_allclose(row.function(0.0, -1.0), (math.exp(-1.0), math.exp(-1.0)))
    assert row.function(1.0, 2.0) == (math.log(2.0), 0.5)


@pytest.mark.parametrize("op", sorted({*SLOPES, *PRIMITIVES} - {"pow", *OF_COUNTS}))
def test_every_operation_has_the_slope_of_its_values(op: str) -> None:
    function = PRIMITIVES.get(op)
    count = SLOPES[op].__code__.co_argcount - 1 if function is None else _arguments(function)
    names = "abc"[:count]
    check_slopes(
        lambda y, p, aux, m: make(op, *(p[n] for n in names)), dict.fromkeys(names, "natural")
    )


@pytest.mark.parametrize("y", [0.0, 1.0, 6.0])
def test_tails_of_counts(y: float) -> None:
    for below in (0.0, 1.0):
        check_slopes(
            lambda _, p, aux, m, below=below: m.log_com_poisson_tail(y, below, p["a"], p["b"]),
            dict(a="natural", b="natural"),
        )
    check_slopes(
        lambda _, p, aux, m: m.log_beta_binomial(y, 7.0, p["a"], p["b"]),
        dict(a="natural", b="natural"),
    )


@pytest.mark.parametrize("exponent", [-2.0, -0.7, 0.5, 2.5, 3.0])
def test_powers(exponent: float) -> None:
    check_slopes(lambda y, p, aux, m: p["a"] ** exponent, {"a": "natural"})
    check_slopes(lambda y, p, aux, m: (p["b"] + 3.0) ** (exponent * p["a"]), dict(a="log", b="log"))


def check_slopes(density, scales) -> None:  # type: ignore[no-untyped-def]
    row, at = derived_row(density, scales), (0.6, 1.3, 0.9)[: len(scales)]
    _, *slopes = row.function(0.0, *at)
    for k, slope in enumerate(slopes):
        up, down = ([v + h * (i == k) for i, v in enumerate(at)] for h in (1e-5, -1e-5))
        by_steps = (row.function(0.0, *up)[0] - row.function(0.0, *down)[0]) / 2e-5
        assert_allclose(slope, by_steps, rtol=1e-7, atol=1e-9)


def _arguments(function) -> int:  # type: ignore[no-untyped-def]
    return function.__code__.co_argcount


def test_a_density_that_branches_in_python_is_an_error_that_says_what_to_write() -> None:
    row = derived_row(lambda y, p, aux, m: p["mu"] if p["mu"] > 0 else -p["mu"], {"mu": "natural"})
    with pytest.raises(FamilyError, match=r"m\.where"):
        _ = row.function


def test_functions_that_have_no_scalar_form_are_named() -> None:
    row = derived_row(lambda y, p, aux, m: m.take(p["mu"], 1), {"mu": "natural"})
    with pytest.raises(FamilyError, match=r"take\(\)"):
        _ = row.function


def test_the_same_formula_is_the_same_graph() -> None:
    x, y = variable("x", True), variable("y", False)
    assert (x + y) * 2.0 is (x + y) * 2.0
    assert make("log", make("exp", x)) is x
    assert (x - x * 0.0) is x
    assert constant(2.0) * 3.0 is constant(6.0)
