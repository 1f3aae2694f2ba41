"""Short fits through the samplers, of a model whose posterior is known."""

import signal
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesmix.datasets import load_dataset
from bayesmix.errors import ConvergenceWarning, SamplingError
from bayesmix.families import family
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.sampling import Settings
from bayesmix.sampling.nutpie_nuts import compiled, run_compiled

JAX = [
    pytest.param(s, marks=[pytest.mark.slow, pytest.mark.skipif(not find_spec(s), reason="absent")])
    for s in ("numpyro", "blackjax")
]


@dataclass(frozen=True)
class Compiled:
    """What the fake compiler makes."""

    dims: object = None
    _coords: object = None


POSTERIOR = stats.beta(2 + 18, 3 + 40 - 18)


@pytest.fixture(scope="module")
def model():
    """A beta prior on the probability of 18 successes in 40: the posterior is beta, too."""
    data = pd.DataFrame({"k": [3, 5, 2, 8], "n": [10, 10, 10, 10]})
    identity = family("binomial", link="identity")
    return Model("k | trials(n) ~ 1", data, identity, prior("beta(2, 3)", "Intercept"))


@pytest.fixture(scope="module", params=["fused", "nutpie", "pymc", *JAX])
def fit(request, model):
    return model.fit(
        draws=1000, tune=500, chains=4, sampler=request.param, random_seed=1, progressbar=False
    )


def test_the_posterior_is_the_known_one(fit):
    p = fit.idata["posterior"]["b"].to_numpy()
    # Some 1000 effective draws of the quantiles of a uniform.
    quantiles = np.quantile(POSTERIOR.cdf(p), [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(quantiles, [0.05, 0.25, 0.5, 0.75, 0.95], atol=0.06)
    assert p.mean() == pytest.approx(POSTERIOR.mean(), abs=0.01)
    assert p.std() == pytest.approx(POSTERIOR.std(), rel=0.08)


def test_lp_is_the_log_density_with_its_jacobian(fit):
    p = fit.idata["posterior"]["b"].to_numpy()[..., 0]
    jacobian = np.log(p) + np.log1p(-p)
    difference = fit.idata["sample_stats"]["lp"].to_numpy() - POSTERIOR.logpdf(p) - jacobian
    assert np.ptp(difference) < 1e-6


def test_every_sampler_has_these_statistics(fit):
    found = fit.idata["sample_stats"]
    common = {"lp", "diverging", "energy", "acceptance_rate", "tree_depth", "n_steps"}
    assert common <= set(found.data_vars)
    assert (found["n_steps"] >= 1).all()
    assert 0.6 < float(found["acceptance_rate"].mean()) < 1


def test_the_same_seed_gives_the_same_draws_on_any_number_of_cores(fit, model):
    ran = fit.idata["posterior"].attrs["sampler"]
    again = model.fit(
        1000, 500, chains=4, cores=1, sampler=ran, random_seed=1, progressbar=False
    ).idata
    np.testing.assert_array_equal(again["posterior"]["b"], fit.idata["posterior"]["b"])
    np.testing.assert_array_equal(again["sample_stats"]["lp"], fit.idata["sample_stats"]["lp"])


def short(model, seed):
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return model.fit(20, 20, chains=2, random_seed=seed, progressbar=False).idata["posterior"]


def test_other_seeds_give_other_draws(model):
    first = short(model, 1)["b"]
    assert not np.array_equal(first, short(model, 2)["b"])
    assert not np.array_equal(short(model, None)["b"], short(model, None)["b"])
    np.testing.assert_array_equal(first, short(model, np.random.SeedSequence(1))["b"])


def test_a_generator_is_a_seed(model):
    a, b = np.random.default_rng(1), np.random.default_rng(1)
    first = short(model, a)["b"]
    np.testing.assert_array_equal(first, short(model, b)["b"])
    assert not np.array_equal(first, short(model, a)["b"])


def test_the_chains_start_apart(model):
    b = short(model, 1)["b"].to_numpy()
    assert not np.array_equal(b[0], b[1])


def test_few_draws_are_warned_of_once_and_where_the_user_stands(model):
    with pytest.warns(ConvergenceWarning, match="effective sample size") as caught:
        model.fit(draws=20, tune=20, chains=2, random_seed=1, progressbar=False)
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)


def test_no_warm_up_is_possible(model):
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        fit = model.fit(draws=5, tune=0, chains=1, random_seed=1, progressbar=False)
    assert fit.idata["posterior"].sizes["draw"] == 5


def test_an_interrupt_leaves_no_fit(model, monkeypatch):
    import nutpie

    start, cancelled = nutpie.sample, []

    def interrupted(*args, **kwargs):
        running = start(*args, **kwargs)
        cancel = running.cancel
        running.wait = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
        running.cancel = lambda: cancelled.append(cancel())
        return running

    monkeypatch.setattr(nutpie, "sample", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(draws=10, tune=10, chains=2, progressbar=False)
    assert len(cancelled) >= 1


@pytest.mark.parametrize("tune", [10, 10**5], ids=["sampling", "warming up"])
def test_an_interrupt_of_pymc_leaves_no_fit(model, monkeypatch, tune):
    import pymc as pm

    whole, calls = pm.sample, []

    def sample(callback, **kwargs):
        def interrupting(draw, **more):
            calls.append(draw)
            if len(calls) == 15:
                signal.raise_signal(signal.SIGINT)
            callback(draw=draw, **more)

        return whole(callback=interrupting, **kwargs)

    monkeypatch.setattr(pm, "sample", sample)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        model.fit(10**4, tune, chains=3, cores=1, sampler="pymc", progressbar=False)
    assert len(calls) < 30
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["nutpie", "pymc"])
def test_no_place_to_start_is_an_error(model, sampler):
    import pymc as pm

    nowhere = Model.from_spec(model.spec)
    with nowhere.pymc as changed:
        pm.Potential("nowhere", pm.math.log(-1 - changed["Intercept"] ** 2))
    with pytest.raises(SamplingError, match="No chain found a place to start"):
        nowhere.fit(draws=10, tune=10, chains=2, sampler=sampler, progressbar=False)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("All initialization points failed\n\nCaused by: …", "No chain found a place to start"),
        ("Everything is on fire\n   0: <unknown>", "broke down: Everything is on fire$"),
    ],
)
def test_what_nutpie_says_is_put_in_words(model, monkeypatch, said, told):
    import nutpie

    cancelled = []

    def wait():
        raise RuntimeError(said)

    running = SimpleNamespace(wait=wait, cancel=lambda: cancelled.append(True))
    monkeypatch.setattr(nutpie, "sample", lambda *args, **kwargs: running)
    with pytest.raises(SamplingError, match=told):
        run_compiled(None, Settings())
    assert cancelled


def test_what_pymc_says_is_put_in_words(model, monkeypatch):
    import pymc as pm

    def sample(**kwargs):
        raise pm.exceptions.SamplingError("Initial evaluation failed!\nStarting values: …")

    monkeypatch.setattr(pm, "sample", sample)
    with pytest.raises(SamplingError, match=r"PyMC says: Initial evaluation failed!$"):
        model.fit(sampler="pymc")


def test_a_pymc_model_is_compiled_anew_only_if_it_was_changed(model, monkeypatch):
    import nutpie
    import pymc as pm

    made = []

    def compile_pymc_model(pymc_model, **kwargs):
        made.append(pymc_model)
        return Compiled()

    monkeypatch.setattr(nutpie, "compile_pymc_model", compile_pymc_model)
    fresh = Model.from_spec(model.spec)
    assert compiled(fresh.pymc, ("b",)) is compiled(fresh.pymc, ("b",))
    with fresh.pymc:
        pm.Potential("push", fresh.pymc["Intercept"])
        pm.Data("data", [1.0])
    compiled(fresh.pymc, ("b",))
    pm.set_data({"data": [2.0]}, fresh.pymc)
    compiled(fresh.pymc, ("b",))
    fresh.pymc.rvs_to_transforms[fresh.pymc["Intercept"]] = object()
    compiled(fresh.pymc, ("b",))
    assert made == [fresh.pymc] * 4


def test_nothing_to_sample_is_an_error():
    data = {"k": [1, 2], "x": [0.1, 0.2]}
    empty = Model("k ~ 0 + offset(x)", data, "poisson")
    with pytest.raises(SamplingError, match="no parameters"):
        empty.fit()


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["nutpie", "pymc"])
def test_the_sleep_study_is_as_under_brms(sampler):
    model = Model("Reaction ~ 1 + Days + (1 + Days | Subject)", load_dataset("sleepstudy"))
    fit = model.fit(random_seed=1, sampler=sampler, target_accept=0.9, progressbar=False)
    mean = fit.idata["posterior"].to_dataset().mean(("chain", "draw"))
    np.testing.assert_allclose(mean["b"], [251.4, 10.5], atol=1)
    np.testing.assert_allclose(mean["sd_Subject"], [27.2, 6.6], rtol=0.04)
    assert float(mean["cor_Subject"][0, 1]) == pytest.approx(0.08, abs=0.05)
    assert float(mean["sigma"]) == pytest.approx(25.8, abs=0.3)


@pytest.mark.parametrize(
    ("formula", "family", "message"),
    [
        ("same ~ x + (1 | g)", "gaussian", "'same' is 3 in every row: nothing is left for sigma"),
        ("same ~ 1", "lognormal", "is 3 in every row"),
        ("double ~ x", "student", "'double' is exactly what the predictors say"),
        ("grown ~ x", "lognormal", "exactly what the predictors say"),
        ("double ~ 0 + g + offset(double)", "gaussian", "exactly what the predictors say"),
    ],
)
def test_a_response_that_leaves_nothing_is_refused(formula, family, message):
    x = np.linspace(-1, 2, 12)
    data = {"x": x, "same": 3.0, "double": 2 * x + 1, "grown": np.exp(x), "g": list("abc") * 4}
    with pytest.raises(SamplingError, match=message):
        Model(formula, pd.DataFrame(data), family).fit(progressbar=False)


def test_a_prior_may_keep_sigma_from_zero():
    data = pd.DataFrame({"y": np.full(12, 3.0)})
    kept = Model("y ~ 1", data, prior=prior("lognormal(0, 0.2)", "sigma"))
    fit = kept.fit(draws=500, tune=500, random_seed=1, progressbar=False)
    assert float(fit.idata["posterior"]["sigma"].mean()) > 0.3


@pytest.mark.parametrize("power", [-12, -8, 8, 12])
@pytest.mark.parametrize("family", ["gaussian", "student"])
def test_the_scale_of_the_response_is_no_matter(power, family):
    sleep = load_dataset("sleepstudy")
    data = sleep.assign(y=sleep["Reaction"] * 10.0**power)
    model = Model("y ~ Days + (Days | Subject)", data, family)
    fit = model.fit(random_seed=1, progressbar=False, draws=1500)
    b = fit.fixef()["Estimate"] * 10.0**-power
    np.testing.assert_allclose(b, [251.2, 10.5], atol=1.5)
