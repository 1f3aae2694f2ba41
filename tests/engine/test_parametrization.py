from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesmix.build import build_spec
from bayesmix.engine.marginal.model import can_marginalize
from bayesmix.engine.numerics.transforms import constrained
from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import Layout, build_layout, reflect
from bayesmix.engine.plan.parametrization import centered_coefs, information
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.engine.plan.shifts import Centered, levels_of, means_of, shifts_of
from bayesmix.errors import SamplingError
from bayesmix.formula import bf, mv
from bayesmix.priors import prior
from bayesmix.spec import ModelSpec

from .models import density_of, points, spec_of

MODELS = {
    "slopes, covariates of levels": ("y ~ z + of_g * x + (1 + x | g) + (1 | k)", ()),
    "bounds, two predictors": (
        bf("y ~ x + (1 + x | i | g)", sigma="1 + z + (0 + z | i | g)"),
        (prior("normal(1, 1)", "b", coef="x", lb=-1),),
    ),
    "strata": ("y ~ x + (1 + x | gr(g, by=by_g))", ()),
    "crossed": ("y ~ z + of_g + x + (1 + x | g) + (1 + z | k) + (0 + x || h)", ()),
    "no population intercept": ("y ~ 0 + f + (1 | g) + (0 + f | k)", ()),
    "uncorrelated": ("y ~ 0 + f + (0 + f || k)", ()),
    "a common correlation": ('y ~ x + (1 + x + z | gr(g, str="corh", by=by_g))', ()),
    "structures": (
        'y ~ 0 + (0 + f | gr(g, str="ar1")) + (0 + f | gr(k, str="hetar1")) + '
        '(0 + f | gr(h, str="homcs"))',
        (),
    ),
    "partial autocorrelations": ('y ~ 0 + (0 + C(grade) | gr(g, str="toep", by=by_g))', ()),
    "monotonic": (
        bf("y ~ mo(grade) * x + of_g + (1 + x | g) + (1 | k)", sigma="mo(grade):f"),
        (prior("normal(1, 1)", "b", coef="x", lb=-1),),
    ),
    "monotonic in brackets": ("y ~ mo(grade) + x + (1 + mo(grade) + x | g) + (mo(grade) | k)", ()),
    "monotonic, thresholds": ("grade ~ mo(grade_0) * x + (1 + x | g)", (), "cumulative"),
    "thresholds": ("grade ~ x + of_g + (1 + x | g) + (1 | k)", (), "cumulative"),
    "thresholds alone": ("grade ~ 1 + (1 | g) + (1 | k)", (), "cumulative"),
    "responses with rows of their own": (
        mv(
            "y | subset(flag) ~ x + of_g + (1 + x | i | g)",
            bf(
                "grade | subset(known_both) ~ mo(score) + of_g + (1 | i | g) + (1 | k)",
                family="cumulative",
            ),
            bf("count ~ z + (1 | k)", family="poisson"),
        ),
        (),
    ),
}


def _spec(model: str) -> ModelSpec:
    formula, priors, *family = MODELS[model]
    return spec_of(formula, *family, prior=priors)


def _coefs(spec: ModelSpec, which: str = "all") -> Centered:
    """All group coefficients of a model, or every other one."""
    every = [(g.group.name, name) for g in spec.groups for name in g.names]
    return frozenset({"all": every, "even": every[::2], "odd": every[1::2]}[which])


def _moved(layout: Layout, values: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The vector of the same parameters with the centred ones as effects, shifted."""
    y, priors = x.copy(), dict(layout.scalars())
    for g in layout.groups:
        effects = values[f"r_{g.priors.group.name}"].copy()
        for coef, level in g.reflected:
            effects[:, coef] = reflect(effects[:, coef], level)
        given = y[g.effects].reshape(g.size, g.k)
        given[:, list(g.centered)] = effects[:, list(g.centered)]
    for t in reversed(layout.taken):
        p = priors.get(t.source)
        y[t.target] += t.weight * (constrained(y[t.source], p.lower, p.upper) if p else y[t.source])
    for g in layout.groups:
        for s in g.shifts:
            source = constrained(y[s.source], s.prior.lower, s.prior.upper)
            y[g.effects] += source * s.weights.ravel()
    return y


def _changed(spec: ModelSpec, centered: Centered, changes: str = "means") -> Layout:
    """The layout with shifts, or with shifts and means, or neither."""
    shifts = shifts_of(spec, centered) if changes != "none" else ()
    means = means_of(spec, centered, shifts) if changes == "means" else ()
    levels = levels_of(spec) if changes == "means" else ()
    return build_layout(spec, centered, shifts, means, levels)


def _log_determinant(layout: Layout, values: dict[str, np.ndarray]) -> float:
    """Of the centred effects by their standardised values."""
    total = 0.0
    for g in layout.groups:
        name, by = g.priors.group.name, g.priors.group.by
        sd = values[f"sd_{name}"].reshape(g.strata, g.k)
        cor = values.get(f"cor_{name}", np.eye(g.k)).reshape(-1, g.k, g.k)
        roots = np.linalg.cholesky(cor).diagonal(axis1=1, axis2=2)
        logs = (np.log(sd) + np.log(roots))[:, list(g.centered)].sum(-1)
        total += logs[np.zeros(g.size, int) if by is None else by.of_level].sum()
    return total


@pytest.mark.parametrize("changes", ["none", "shifts", "means"])
@pytest.mark.parametrize("which", ["all", "even", "odd"])
@pytest.mark.parametrize("model", MODELS)
def test_centred_it_is_the_same_density_and_posterior(model: str, which: str, changes: str) -> None:
    spec = _spec(model)
    plain, centered = density_of(spec), _coefs(spec, which)
    centred = build_density(spec, _changed(spec, centered, changes))
    constants, sizes = [], []
    for x in points(plain.layout, (0.3, 0.6, 1.0)):
        values = posterior_of(plain.layout, x)
        y = _moved(centred.layout, values, x)
        same = posterior_of(centred.layout, y)
        assert same.keys() == values.keys()
        for name in values:
            np.testing.assert_allclose(same[name], values[name], rtol=1e-9, atol=1e-9)
        logp = plain(x)[0]
        constants.append(logp - centred(y)[0] - _log_determinant(centred.layout, values))
        sizes.append(abs(logp))
    first = constants[int(np.argmin(sizes))]
    assert np.all(np.abs(np.array(constants) - first) <= 1e-8 * np.array(sizes))


@pytest.mark.parametrize("which", ["all", "even", "odd"])
@pytest.mark.parametrize("model", MODELS)
def test_the_centred_gradient_is_that_of_the_density(model: str, which: str) -> None:
    spec = _spec(model)
    centered = _coefs(spec, which)
    density = build_density(spec, _changed(spec, centered))
    x = next(points(density.layout))
    for seed in range(4):
        direction = np.random.default_rng(seed).normal(size=x.size)
        up, down = (density(x + h * direction)[0] for h in (1e-6, -1e-6))
        assert (up - down) / 2e-6 == pytest.approx(density(x)[1] @ direction, rel=1e-5)


def test_a_group_takes_up_what_does_not_vary_within_its_levels() -> None:
    spec = spec_of("y ~ z + of_g + x + of_g:x + (1 + x | g) + (1 | k)")
    taken = {(s.group, s.column) for s in shifts_of(spec, _coefs(spec))}
    columns = spec.response.predictors["mu"].columns.names
    at = {name: i for i, name in enumerate(columns)}
    assert taken == {("k", 0), ("g", at["of_g"]), ("g", at["x"]), ("g", at["of_g:x"])}


def test_only_centred_coefficients_take_up_anything() -> None:
    spec = spec_of("y ~ of_g + x + (1 + x | g) + (1 | k)")
    at = {name: i for i, name in enumerate(spec.response.predictors["mu"].columns.names)}
    taken = {s.column for s in shifts_of(spec, frozenset({("g", "Intercept")}))}
    assert taken == {0, at["of_g"]}
    assert shifts_of(spec, frozenset()) == ()


def _means(spec: ModelSpec, centered: Centered) -> set[tuple[str, str]]:
    found = means_of(spec, centered, shifts_of(spec, centered))
    names = {g.group.name: g.names for g in spec.groups}
    return {(m.group, names[m.group][m.coef]) for m in found}


def test_the_population_takes_up_the_means_of_crossed_groups() -> None:
    spec = spec_of("y ~ x + (1 + x | g) + (1 | k) + (0 + z | h)")
    assert _means(spec, _coefs(spec)) == {("g", "Intercept")}
    assert _means(spec, frozenset({("g", "Intercept"), ("g", "x")})) == set()


def test_thresholds_take_up_what_an_intercept_would() -> None:
    spec = _spec("thresholds alone")
    found = means_of(spec, _coefs(spec), shifts_of(spec, _coefs(spec)))
    assert [m.group for m in found] == ["g", "k"]
    np.testing.assert_allclose([m.lowers for m in found], 1.0)


def test_coefficients_with_bounds_take_up_no_means() -> None:
    bounded = prior("normal(0, 1)", "b", coef="x", lb=0)
    spec = spec_of("y ~ x + (1 + x | g) + (0 + x || h) + (1 | k)", prior=(bounded,))
    assert _means(spec, _coefs(spec)) == {("g", "Intercept")}


def test_beside_an_integrated_group_all_means_are_taken_up() -> None:
    spec = spec_of("y ~ x + of_g + (1 + x | g) + (1 | k)")
    centered = frozenset({("k", "Intercept")})
    shifts = shifts_of(spec, centered, without="g")
    assert shifts == ()
    (mean,) = means_of(spec, centered, shifts)
    assert (mean.group, mean.coef) == ("k", 0)
    np.testing.assert_allclose(mean.weights, [1.0, 0.0, 0.0])


def test_a_reflection_has_the_mean_for_a_coordinate() -> None:
    effects = np.random.default_rng(1).normal(size=(3, 7))
    reflected = reflect(effects, 2)
    np.testing.assert_allclose(reflected[:, 2], np.sqrt(7) * effects.mean(axis=1))
    np.testing.assert_allclose((reflected**2).sum(axis=1), (effects**2).sum(axis=1))
    np.testing.assert_allclose(reflect(reflected, 2), effects)


def _simulated(levels: int, rows: int, sd: float, seed: int = 1) -> ModelSpec:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(levels), rows)
    y = sd * rng.normal(size=levels)[g] + rng.normal(size=g.size)
    return build_spec("y ~ 1 + (1 | g)", pd.DataFrame({"y": y, "g": g.astype(str)}))


@pytest.mark.parametrize(("rows", "sd"), [(4, 0.0), (4, 1.0), (20, 0.5), (20, 3.0)])
def test_information_is_rows_times_the_ratio_of_variances(rows: int, sd: float) -> None:
    (said,) = information(_simulated(400, rows, sd)).values()
    assert said == pytest.approx(rows * sd**2, rel=0.2, abs=0.2)


def test_rows_that_leave_no_noise_say_nothing() -> None:
    assert information(_simulated(20, 1, 2.0)) == {("g", "Intercept"): -1.0}


def test_auto_centres_what_the_data_know_well() -> None:
    assert centered_coefs(_simulated(50, 20, 2.0)) == {("g", "Intercept")}
    assert centered_coefs(_simulated(50, 3, 0.2)) == set()


def test_each_coefficient_is_decided_by_itself() -> None:
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(100), 12)
    x = rng.normal(size=g.size)
    y = 3 * rng.normal(size=100)[g] + 0.1 * rng.normal(size=100)[g] * x + rng.normal(size=g.size)
    spec = build_spec("y ~ x + (x | g)", pd.DataFrame({"y": y, "x": x, "g": g.astype(str)}))
    assert centered_coefs(spec) == {("g", "Intercept")}


def test_levels_with_other_means_are_not_taken_for_levels_with_other_variances() -> None:
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(100), 12)
    y = 5 * rng.normal(size=100)[g] + rng.normal(size=g.size)
    data = pd.DataFrame({"y": y, "g": g.astype(str)})
    spec = build_spec(bf("y ~ 1 + (1 | i | g)", sigma="1 + (1 | i | g)"), data)
    assert centered_coefs(spec) == {("g", "Intercept")}


def test_a_group_that_is_integrated_out_is_neither() -> None:
    assert centered_coefs(_simulated(50, 20, 2.0), without="g") == set()


def test_groups_may_be_told_one_by_one() -> None:
    spec = spec_of("y ~ x + (1 | g) + (1 | k)")
    assert centered_coefs(spec, {"g": "centered", "k": "noncentered"}) == {("g", "Intercept")}
    assert centered_coefs(spec, "centered") == _coefs(spec)
    assert centered_coefs(spec, "noncentered") == set()


@pytest.mark.parametrize(
    ("choice", "says"),
    [("centred", "'centered'"), ({"g": "no"}, "'no'"), ({"gg": "auto"}, "Did you mean 'g'")],
)
def test_choices_that_there_are_not(choice: object, says: str) -> None:
    with pytest.raises(SamplingError, match=says):
        centered_coefs(spec_of("y ~ x + (1 | g)"), choice)


@pytest.mark.parametrize(
    "bracket",
    ['gr(g, dist="student")', "gr(g, cov=A)", "gr(g, pw=of_level)", "mm(g, mate)"],
)
def test_levels_that_are_not_alike_are_neither_centred_nor_integrated_out(bracket: str) -> None:
    spec = spec_of(f"y ~ x + (1 | {bracket}) + (1 | k)")
    name = spec.groups[0].group.name
    assert name in can_marginalize(spec)
    assert not any(group == name for group, _ in centered_coefs(spec, "centered"))
    assert not any(group == name for group, _ in centered_coefs(spec))
    with pytest.raises(SamplingError, match="sampled noncentered"):
        centered_coefs(spec, {name: "centered"})
