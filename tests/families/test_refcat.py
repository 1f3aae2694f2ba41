"""Which category has no predictor, and shares whose parameters are all there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import bayesmix as bx
from bayesmix.build import build_spec
from bayesmix.errors import FamilyError

from ..engine.models import density_of, points, spec_of
from ..engine.pymc_density import PymcDensity
from ..support import frame, given_fit

SHARES = "cbind(share_1, share_2, share_3)"
COUNTS = "cbind(part_1, part_2, part_3) | trials(parts)"
LEFTS = {
    "categorical": "f",
    "multinomial": COUNTS,
    "dirichlet_multinomial": COUNTS,
    "dirichlet": SHARES,
}


@pytest.mark.parametrize("name", LEFTS)
def test_the_reference_category_has_no_predictor(name):
    spec = build_spec(f"{LEFTS[name]} ~ x", frame(), name)
    labels, first = spec.family.outcome[1], spec.family.main
    told = build_spec(f"{LEFTS[name]} ~ x", frame(), bx.family(name, refcat=labels[1]))
    assert told.family.main_outcome[1] == (labels[0], labels[2])
    assert told.family.main[1] == first[1] and len(told.family.main) == 2
    whole = build_spec(f"{LEFTS[name]} ~ x", frame(), bx.family(name, refcat=None))
    assert whole.family.main_outcome[1] == labels


def test_shares_hang_on_differences_of_predictors():
    """The same shares, whichever category is the reference."""
    first = given_fit("f ~ 1", frame(), "categorical")
    labels = first.model.spec.family.outcome[1]
    etas = first.posterior_linpred().to_numpy()[:, :1]
    moved = np.concatenate([-etas[..., :1], etas[..., 1:] - etas[..., :1]], axis=-1)
    other = given_fit("f ~ 1", frame(), bx.family("categorical", refcat=labels[1]))
    names = [f"b_{main}" for main in other.model.spec.family.main]
    draws = {n: moved[:, 0, k].reshape(2, 20, 1) for k, n in enumerate(names)}
    other = given_fit("f ~ 1", frame(), bx.family("categorical", refcat=labels[1]), **draws)
    assert_allclose(other.posterior_epred().values, first.posterior_epred().values, rtol=1e-9)


def test_an_unknown_category():
    with pytest.raises(FamilyError, match="refcat='d' is no category of the response; it has 'c'"):
        build_spec("f ~ x", frame(), bx.family("categorical", refcat="d"))


def test_dirichlet2_has_the_density_of_scipy():
    fit, data = given_fit(f"{SHARES} ~ x + (1 | g)", frame(), "dirichlet2"), frame()
    alpha = np.exp(fit.posterior_linpred().to_numpy())
    y = data[["share_1", "share_2", "share_3"]].to_numpy()
    found = fit.log_lik().to_numpy()
    for s, row in ((0, 0), (5, 17), (39, 59)):
        law = stats.dirichlet(alpha[s, row])
        assert found[s, row] == pytest.approx(law.logpdf(y[row] / y[row].sum()), rel=1e-8)
        assert_allclose(fit.posterior_epred().to_numpy()[s, row], law.mean(), rtol=1e-9)


def test_dirichlet2_has_the_link_that_it_is_told():
    told = bx.family("dirichlet2", link="softplus")
    fit = given_fit(f"{SHARES} ~ x", frame(), told)
    alpha = np.logaddexp(0.0, fit.posterior_linpred().to_numpy())
    expected = alpha / alpha.sum(axis=-1, keepdims=True)
    assert_allclose(fit.posterior_epred().to_numpy(), expected, rtol=1e-9)


def test_the_kernel_of_dirichlet2_is_the_pymc_model():
    spec = spec_of(f"{SHARES} ~ x + (1 | g)", "dirichlet2")
    engine = density_of(spec)
    pymc = PymcDensity(spec, engine.layout)
    pairs = [(engine(x), pymc(x)) for x in points(engine.layout, (0.1, 0.3))]
    (first, _), (other, _) = pairs[0]
    for (logp, grad), (expected, slope) in pairs:
        assert_allclose(logp - expected, first - other, atol=1e-8 * abs(expected))
        assert_allclose(grad, slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max())


def test_draws_of_dirichlet2_have_its_means_and_variances():
    """Of 20,000 draws within five standard errors."""
    family = build_spec(f"{SHARES} ~ 1", frame(), "dirichlet2").family
    alpha = np.array([0.7, 2.0, 4.5])
    p = {name: np.full(20000, a) for name, a in zip(family.main, alpha, strict=True)}
    drawn, law = family.random(np.random.default_rng(1), p, {}), stats.dirichlet(alpha)
    assert_allclose(drawn.mean(axis=0), law.mean(), atol=5 * np.sqrt(law.var() / 20000).max())
    assert_allclose(drawn.var(axis=0), law.var(), rtol=0.1)
