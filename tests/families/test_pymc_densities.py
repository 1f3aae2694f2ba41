"""The PyMC distributions, with PyTensor's rewriting, against our log densities in numpy.

Their gradients are compared with those in closed form where it is short. Graphs run in Python, for
compiling them takes longer than running them.
"""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from pymc.pytensorf import rewrite_pregrad
from pytensor.compile.mode import Mode
from scipy import special

from bayesmix.families import FAMILIES, family
from bayesmix.families.links import UNIT_LINKS
from bayesmix.families.maths import tensor_maths

IN_PYTHON = Mode("py", "fast_run")
ETA = np.array([-100.0, -40.0, -30.0, -10.0, -1.0, -1e-9, 0.0, 0.5, 3.0, 10.0, 36.5, 40.0, 100.0])


def density_and_gradients(family, y, etas, aux=None):
    """Log densities in PyTensor, and the gradient of their sum with respect to each predictor."""
    variables = {name: pt.dvector(name) for name in etas}
    maths = tensor_maths()
    y = pt.as_tensor(np.asarray(y, dtype=float))
    logp = rewrite_pregrad(family.density(y, family.natural(variables, maths), aux or {}, maths))
    gradients = pytensor.grad(logp.sum(), list(variables.values()))
    run = pytensor.function(list(variables.values()), [logp, *gradients], mode=IN_PYTHON)
    with np.errstate(all="ignore"):
        logp, *gradients = run(*etas.values())
    return logp, dict(zip(etas, gradients, strict=True))


def grid(*values):
    return [v.ravel() for v in np.meshgrid(*values)]


@pytest.mark.parametrize("link", [name for name in UNIT_LINKS if name not in ("identity", "log")])
def test_bernoulli_with_any_linear_predictor(link):
    eta, y = grid(ETA, [0, 1])
    found = family("bernoulli", link=link)
    logp, gradients = density_and_gradients(found, y, {"mu": eta})
    assert_allclose(logp, found.logp(y, found.natural({"mu": eta}), {}), rtol=1e-11)
    assert np.all(np.isfinite(logp))
    assert np.all(np.isfinite(gradients["mu"]))


@pytest.mark.parametrize(("link", "mu"), [("identity", [1e-12, 0.5, 1 - 1e-9]), ("log", [-40, -1])])
def test_bernoulli_with_links_that_are_not_onto(link, mu):
    eta, y = grid(np.array(mu, dtype=float), [0, 1])
    found = family("bernoulli", link=link)
    logp, gradients = density_and_gradients(found, y, {"mu": eta})
    assert_allclose(logp, found.logp(y, found.natural({"mu": eta}), {}), rtol=1e-11)
    assert np.all(np.isfinite(gradients["mu"]))


def test_gradients_of_bernoulli_and_binomial():
    eta, y = grid(ETA, [0, 1])
    _, gradients = density_and_gradients(FAMILIES["bernoulli"], y, {"mu": eta})
    slope = np.where(y == 1, special.expit(-eta), -special.expit(eta))
    assert_allclose(gradients["mu"], slope, rtol=1e-12)
    eta, y = grid(ETA, [0, 3, 7])
    aux = {"trials": np.full(y.size, 7)}
    logp, gradients = density_and_gradients(FAMILIES["binomial"], y, {"mu": eta}, aux)
    dpars = FAMILIES["binomial"].natural({"mu": eta})
    assert_allclose(logp, FAMILIES["binomial"].logp(y, dpars, aux), rtol=1e-12)
    assert_allclose(gradients["mu"], y - 7 * special.expit(eta), rtol=1e-9, atol=1e-15)


def test_probit_gradient():
    eta = np.array([-30.0, -5.0, 0.0, 5.0, 30.0])
    _, gradients = density_and_gradients(
        family("bernoulli", link="probit"), np.ones(5), {"mu": eta}
    )
    mills = np.exp(-(eta**2) / 2 - np.log(2 * np.pi) / 2 - special.log_ndtr(eta))
    assert_allclose(gradients["mu"], mills, rtol=1e-9)


def test_poisson():
    eta, y = grid(ETA, [0.0, 3.0, 1e6])
    logp, gradients = density_and_gradients(FAMILIES["poisson"], y, {"mu": eta})
    dpars = FAMILIES["poisson"].natural({"mu": eta})
    assert_allclose(logp, FAMILIES["poisson"].logp(y, dpars, {}), rtol=1e-9)
    assert_allclose(gradients["mu"], y - np.exp(eta), rtol=1e-9)


def test_negbinomial():
    mu, shape, y = grid(ETA, ETA, [0.0, 3.0, 1e6])
    etas = {"mu": mu, "shape": shape}
    logp, gradients = density_and_gradients(FAMILIES["negbinomial"], y, etas)
    dpars = FAMILIES["negbinomial"].natural(etas)
    assert_allclose(logp, FAMILIES["negbinomial"].logp(y, dpars, {}), rtol=1e-11)
    assert np.all(np.isfinite(gradients["shape"]))
    m, s = dpars["mu"], dpars["shape"]
    slope = (y - m) * special.expit(shape - mu)
    moderate = (np.abs(mu) <= 10) & (np.abs(shape) <= 10)
    assert_allclose(gradients["mu"][moderate], slope[moderate], rtol=1e-8)
    curve = s * (special.digamma(y + s) - special.digamma(s) - np.log1p(m / s)) - slope
    assert_allclose(gradients["shape"][moderate], curve[moderate], rtol=1e-6, atol=1e-6)


def test_gaussian_and_student():
    moderate = ETA[1:-1]
    mu, sigma, y = grid([0.0, 1.0], moderate, [0.0, 3.0, 1e20])
    logp, _ = density_and_gradients(FAMILIES["gaussian"], y, {"mu": mu, "sigma": sigma})
    dpars = FAMILIES["gaussian"].natural({"mu": mu, "sigma": sigma})
    assert_allclose(logp, FAMILIES["gaussian"].logp(y, dpars, {}), rtol=1e-12)
    mu, sigma, nu, y = grid([0.0, 1.0], moderate, moderate, [0.0, 3.0, 1e20])
    etas = {"mu": mu, "sigma": sigma, "nu": nu}
    logp, gradients = density_and_gradients(FAMILIES["student"], y, etas)
    dpars = FAMILIES["student"].natural(etas)
    assert_allclose(logp, FAMILIES["student"].logp(y, dpars, {}), rtol=1e-12)
    assert all(np.all(np.isfinite(g)) for g in gradients.values())


def test_a_model_rejects_a_negative_scale():
    p = {"mu": pt.zeros(2), "sigma": pt.dscalar("sigma"), "nu": pt.as_tensor(4.0)}
    logp = FAMILIES["student"].density(np.ones(2), p, {}, tensor_maths())
    run = pytensor.function([p["sigma"]], logp, mode=IN_PYTHON)
    assert np.all(run(-1.0) == -np.inf)


@pytest.mark.parametrize("link", ["cloglog", "loglog"])
def test_gradients_stay_finite_where_a_hazard_overflows(link):
    eta, y = grid([-800.0, 800.0], [0, 1])
    found = family("bernoulli", link=link)
    logp, gradients = density_and_gradients(found, y, {"mu": eta})
    assert np.all(logp <= 0)
    assert np.all(np.isfinite(gradients["mu"]))
