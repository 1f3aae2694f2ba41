"""Estimates and likelihoods against closed forms and dense computations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats

import bayesmix as bx
from bayesmix.engine.marginal.model import build_marginal
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.errors import EstimationError
from bayesmix.estimates.likelihood import likelihood
from bayesmix.estimates.unknowns import Coefficients, Unknowns

GROUPS, EACH = 6, 4


def one_way(between: float, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(GROUPS), EACH)
    y = 5 + between * rng.standard_normal(GROUPS)[g] + rng.standard_normal(len(g))
    return pd.DataFrame({"y": y, "g": g.astype(str), "x": rng.standard_normal(len(g))})


def mean_squares(data: pd.DataFrame) -> tuple[float, float]:
    means = data.groupby("g")["y"].transform("mean")
    between = ((means - data["y"].mean()) ** 2).sum()
    return between, ((data["y"] - means) ** 2).sum() / (GROUPS * (EACH - 1))


@pytest.mark.parametrize(("method", "lost"), [("ml", 0), ("reml", 1)])
def test_balanced_analysis_of_variance(method: str, lost: int) -> None:
    """Searle, S. R., Casella, G. and McCulloch, C. E. (1992), Variance components, chapter 3."""
    data = one_way(1.5)
    fit = bx.Model("y ~ 1 + (1 | g)", data).optimize(method)
    between, within = mean_squares(data)
    variance = (between / (GROUPS - lost) - within) / EACH
    assert_allclose(fit.varcorr()["g"].sd["Estimate"], np.sqrt(variance), rtol=1e-5)
    assert_allclose(fit.further().loc["sigma", "Estimate"], np.sqrt(within), rtol=1e-5)
    (row,) = fit.fixef().to_numpy()
    error = np.sqrt((variance + within / EACH) / GROUPS)
    assert_allclose(row[:2], [data["y"].mean(), error], rtol=1e-5)
    assert_allclose(row[2:], row[0] + np.array([-1, 1]) * 1.959964 * error, rtol=1e-5)
    shrunk = EACH * variance / (EACH * variance + within)
    deviations = data.groupby("g")["y"].mean() - data["y"].mean()
    ranef = fit.ranef()["g"]
    assert_allclose(ranef["Estimate"], shrunk * deviations, rtol=1e-4)
    assert_allclose(ranef["Est.Error"], np.sqrt(shrunk * within / EACH), rtol=1e-4)
    assert_allclose(fit.coef()["g"]["Estimate"], row[0] + ranef["Estimate"])


def test_the_mode_of_the_integrated_posterior_under_flat_priors() -> None:
    """Of the parameters themselves, so without the Jacobian of the logarithms sampled."""
    flat = [bx.prior("normal(0, 1e6)", c) for c in ("Intercept", "sd", "sigma")]
    model = bx.Model("y ~ x + (1 | g)", one_way(1.5), prior=flat)
    marginal = build_marginal(model.spec)

    def loss(x: np.ndarray) -> float:
        values = posterior_of(marginal.density.layout, x)
        jacobian = np.log(values["sd_g"]).sum() + np.log(values["sigma"]).sum()
        return float(jacobian - marginal.density(x)[0])

    best = optimize.minimize(loss, np.zeros(marginal.density.n_dim), method="BFGS").x
    mode, fit = posterior_of(marginal.density.layout, best), model.optimize("ml")
    assert_allclose(np.ravel(mode["b"]), fit.fixef()["Estimate"], rtol=1e-4)
    assert_allclose(np.ravel(mode["sd_g"]), fit.varcorr()["g"].sd["Estimate"], rtol=1e-4)
    assert_allclose(np.ravel(mode["sigma"]), fit.further()["Estimate"], rtol=1e-4)


def test_a_variance_of_zero_is_told() -> None:
    data = one_way(0.0, seed=1)
    data["y"] -= data.groupby("g")["y"].transform("mean")
    fit = bx.Model("y ~ 1 + (1 | g)", data).optimize("reml")
    assert fit.boundary == ("sd_g[Intercept] is 0",) and "Boundary: sd_g" in repr(fit)
    assert fit.converged and np.isnan(fit.varcorr()["g"].sd["Est.Error"]).all()
    assert_allclose(fit.further().loc["sigma", "Estimate"], data["y"].std(), rtol=1e-5)


def test_a_correlation_of_one_is_told() -> None:
    data = one_way(0.0)
    effect = np.linspace(-2, 2, GROUPS)[data["g"].astype(int)]
    data["y"] = effect * (1 + data["x"]) + 0.1 * data["y"]
    fit = bx.Model("y ~ x + (x | g)", data).optimize()
    assert fit.boundary == ("cor_g[Intercept,x] is 1",)


CASES = {
    "y ~ x + (x | g)": {},
    "y ~ x + (x || g) + (1 | h)": {},
    "y ~ x + (1 | gr(g, by=t))": {},
    "y ~ x + (1 | mm(g, h))": {},
    "y ~ x + (x | g) + ar(time, gr=h, cov=True)": {},
    "y | se(e, sigma=True) ~ offset(x) + (1 | g)": {},
    "y ~ x + (1 | g) ": {"sigma": "1 + x"},
}


@pytest.mark.parametrize("formula", CASES)
@pytest.mark.parametrize("method", ["ml", "reml"])
def test_likelihoods_are_dense_normal_ones(formula: str, method: str) -> None:
    """REML: with a flat prior the coefficients' integral is a normal density over directions."""
    data, rng = one_way(1.0), np.random.default_rng(5)
    data = data.assign(h=np.tile(list("abc"), 8), e=0.5, time=np.arange(24) // 3)
    data["h"] = "h" + data["h"]
    data["t"] = np.where(data["g"] < "3", "p", "q")
    spec = bx.Model(bx.bf(formula, **CASES[formula]), data).spec
    found = likelihood(spec, method)
    x = found.unknowns.start + 0.3 * rng.standard_normal(len(found.unknowns.start))
    lower, upper = np.array(found.unknowns.bounds).T
    x = np.clip(x, lower + 0.01, upper - 0.01)
    values, base = found.unknowns.values(x), found._base(found.unknowns.values(x))
    columns = found._columns(values)["mu"].toarray()
    z, b = columns[:, : found.count], columns[:, found.count :]
    near = found.rows.near(base, values)
    covariance = np.linalg.inv(near.precisions["mu", "mu"].toarray()) + z @ z.T
    y, precision = spec.response.data.y - base["mu"], np.linalg.inv(covariance)
    information = b.T @ precision @ b
    coefs = np.linalg.solve(information, b.T @ precision @ y)
    expected = stats.multivariate_normal(np.zeros(len(y)), covariance).logpdf(y - b @ coefs)
    if method == "reml":
        expected += 0.5 * (len(coefs) * np.log(2 * np.pi) - np.linalg.slogdet(information)[1])
    assert_allclose(found(x), expected, rtol=1e-9)
    mode = found.mode(x)
    assert_allclose(mode.at[found.count :], coefs, rtol=1e-7)
    assert_allclose(mode.curvature.covariance, np.linalg.inv(information), rtol=1e-7)


def test_the_whitened_rows_have_the_correlations_of_arma() -> None:
    data = one_way(1.0).assign(time=np.arange(24) // 3, h=np.tile(list("abc"), 8))
    spec = bx.Model("y ~ 1 + ar(time, gr=h, cov=True)", data).spec
    found = likelihood(spec, "ml")
    values = {"ar": np.array([[0.6]]), "sigma": np.array([2.0])}
    near = found.rows.near({"mu": np.zeros(24)}, values)
    covariance = np.linalg.inv(near.precisions["mu", "mu"].toarray())
    steps = np.abs(data["time"].to_numpy()[:, None] - data["time"].to_numpy())
    same = data["h"].to_numpy()[:, None] == data["h"].to_numpy()
    assert_allclose(covariance, np.where(same, 4 * 0.6**steps / (1 - 0.36), 0.0), atol=1e-12)
    expected = stats.multivariate_normal(np.zeros(24), covariance).logpdf(data["y"])
    assert_allclose(near.logp, expected, rtol=1e-12)


def test_known_covariances_of_levels() -> None:
    """Of a mean and effects alone, at the estimates."""
    data, labels = one_way(1.5), sorted(set(one_way(1.5)["g"]))
    known = pd.DataFrame(0.4 + 0.6 * np.eye(GROUPS), labels, labels)
    model = bx.Model("y ~ 1 + (1 | gr(g, cov=A))", data, data2={"A": known})
    fit, at = model.optimize("ml"), data["g"].astype(int)
    (sd,), sigma = fit.varcorr()["g"].sd["Estimate"], fit.further().loc["sigma", "Estimate"]
    covariance = sd**2 * known.to_numpy()[at][:, at] + sigma**2 * np.eye(len(data))
    mean = np.full(len(data), fit.fixef().loc["Intercept", "Estimate"])
    assert_allclose(fit.loglik, stats.multivariate_normal(mean, covariance).logpdf(data["y"]))


def test_a_density_that_is_not_concave_has_a_mode() -> None:
    """Of Student's t: far from the data its logarithm curves upwards."""
    data = one_way(1.0)
    data.loc[0, "y"] += 20
    model = bx.Model(bx.bf("y ~ x", nu=3), data, "student")
    fit, sigma = model.optimize(), model.optimize().further().loc["sigma", "Estimate"]

    def loss(p: np.ndarray) -> float:
        return -stats.t(3, p[0] + p[1] * data["x"], np.exp(p[2])).logpdf(data["y"]).sum()

    best = optimize.minimize(loss, [data["y"].median(), 0.0, 0.0], tol=1e-10)
    assert_allclose([*fit.fixef()["Estimate"], np.log(sigma)], best.x, atol=1e-4)
    assert_allclose(fit.loglik, -best.fun, rtol=1e-8)


def test_regression_without_groups_is_least_squares() -> None:
    data = one_way(1.0)
    fit = bx.Model("y ~ x", data).optimize("reml")
    line = stats.linregress(data["x"], data["y"])
    assert_allclose(
        fit.fixef().loc["x", ["Estimate", "Est.Error"]], [line.slope, line.stderr], 1e-5
    )


def test_a_poisson_model_without_groups_is_maximum_likelihood() -> None:
    data = one_way(0.0)
    data["y"] = np.random.default_rng(1).poisson(np.exp(0.5 + 0.4 * data["x"]))
    fit = bx.Model("y ~ x", data, "poisson").optimize()

    def loss(b: np.ndarray) -> float:
        return -stats.poisson(np.exp(b[0] + b[1] * data["x"])).logpmf(data["y"]).sum()

    best = optimize.minimize(loss, [0.0, 0.0], tol=1e-10)
    assert_allclose(fit.fixef()["Estimate"], best.x, atol=1e-5)
    assert_allclose(fit.fixef()["Est.Error"], np.sqrt(np.diag(best.hess_inv)), rtol=0.05)
    assert_allclose([fit.loglik, fit.aic], [-best.fun, 2 * best.fun + 4])


def test_laplace_is_near_the_integral() -> None:
    """Counts of 10 and more make the integrand nearly normal; one node of three digits."""
    data = one_way(0.0)
    data["y"] = np.random.default_rng(2).poisson(np.exp(3 + 0.3 * data["x"]))
    spec = bx.Model("y ~ x + (1 | g)", data, "poisson").spec
    found = likelihood(spec, "laplace")
    b, sd = np.array([3.0, 0.3]), 0.4
    own = Coefficients((spec.by_name["b"],), b, np.eye(2))
    found = replace(found, within=(), unknowns=Unknowns((own, *found.unknowns.parts)))
    exact = 0.0
    for _, rows in data.groupby("g"):
        eta = b[0] + b[1] * rows["x"].to_numpy()

        def integrand(u: float, eta: np.ndarray = eta, y: np.ndarray = rows["y"]) -> float:
            return stats.poisson(np.exp(eta + u)).pmf(y).prod() * stats.norm(0, sd).pdf(u)

        exact += np.log(integrate.quad(integrand, -3, 3, points=[0.0], epsrel=1e-10)[0])
    assert abs(found(np.array([0.0, 0.0, sd])) - exact) < 0.01
    assert found(np.array([0.0, 0.0, sd])) != pytest.approx(exact, abs=1e-9)


def test_laplace_is_exact_for_normal_rows() -> None:
    model = bx.Model("y ~ x + (1 | g)", one_way(1.0))
    exact, approximate = model.optimize("ml"), model.optimize("laplace")
    assert_allclose(approximate.loglik, exact.loglik, rtol=1e-8)
    assert_allclose(approximate.fixef()["Estimate"], exact.fixef()["Estimate"], rtol=1e-4)


REFUSED = {
    "y ~ x + (1 | gr(g, dist='student'))": "aren't normal, .* model.fit()",
    "y ~ x + ar(gr=g)": "Past residuals are in the mean; .* cov=True",
    "y ~ gp(x)": "length scales of gp",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_what_cannot_be_estimated(formula: str) -> None:
    model = bx.Model(formula.replace("'", '"'), one_way(1.0))
    with pytest.raises(EstimationError, match=REFUSED[formula]):
        model.optimize()


def test_methods_that_do_not_fit() -> None:
    data = one_way(1.0)
    with pytest.raises(EstimationError, match="'ml', 'reml', 'laplace', not 'MAP'"):
        bx.Model("y ~ x", data).optimize("MAP")
    data["y"] = data["y"].abs()
    with pytest.raises(EstimationError, match=r"the family is 'Gamma'.*'laplace' takes it"):
        bx.Model("y ~ x", data, "gamma").optimize("reml")
    formula = bx.bf("y ~ x", sigma="1 + (1 | g)")
    with pytest.raises(EstimationError, match="'sigma' has effects of its own"):
        bx.Model(formula, data).optimize("ml")
    with pytest.raises(EstimationError, match=r"hang together; 'ml' and 'reml' take them"):
        bx.Model("y ~ x + cosy(gr=g)", data).optimize("laplace")
    held = bx.prior("constant(1)", "sigma")
    with pytest.raises(EstimationError, match="holds 'sigma' at a constant"):
        bx.Model("y ~ x", data, prior=held).optimize()
