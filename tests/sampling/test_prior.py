import numpy as np
import pytest
from scipy import stats

from bayesmix.build import build_spec
from bayesmix.errors import PriorError, SamplingError
from bayesmix.formula import bf
from bayesmix.model import Model
from bayesmix.priors import prior
from bayesmix.sampling import draw_prior

from ..support import relatives

SEED = np.random.SeedSequence(8)
SLOPES = prior("normal(1, 2)", "b")


def same_distribution(draws, distribution):
    return stats.kstest(np.ravel(draws), distribution.cdf).pvalue > 1e-4


def test_slopes_have_their_prior(spec):
    b = draw_prior(spec, 4000, SEED)["b"].sel(coef="x")
    assert same_distribution(b, stats.norm(1, 2))


def test_the_intercept_has_its_prior_at_the_mean_of_the_columns(frame):
    data = frame()
    said = [SLOPES, prior("normal(5, 0.5)", "Intercept")]
    drawn = draw_prior(build_spec("y ~ x", data, prior=said), 4000, SEED)
    centred = drawn["b"].sel(coef="Intercept") + data["x"].mean() * drawn["b"].sel(coef="x")
    assert same_distribution(centred, stats.norm(5, 0.5))


def test_a_formula_without_intercept_has_slopes_alone(frame):
    drawn = draw_prior(build_spec("y ~ 0 + x", frame(), prior=SLOPES), 4000, SEED)
    assert drawn["coef"].to_numpy().tolist() == ["x"]
    assert same_distribution(drawn["b"], stats.norm(1, 2))


def test_dpars_have_their_prior(frame):
    said = [SLOPES, prior("exponential(2)", "sigma")]
    sigma = draw_prior(build_spec("y ~ x", frame(), prior=said), 4000, SEED)["sigma"]
    assert sigma.shape == (1, 4000)
    assert same_distribution(sigma, stats.expon(scale=0.5))


@pytest.mark.parametrize("eta", [1.0, 4.0])
def test_correlations_are_lkj(frame, eta):
    said = [SLOPES, prior(f"lkj({eta})", "cor")]
    spec = build_spec(bf("y ~ x + (x | i | g)", sigma="1 + (1 | i | g)"), frame(), prior=said)
    cor = draw_prior(spec, 4000, SEED)["cor_g"].to_numpy()[0]
    np.testing.assert_allclose(np.diagonal(cor, axis1=1, axis2=2), 1)
    np.testing.assert_array_equal(cor, cor.mT)
    for i, j in [(1, 0), (2, 0), (2, 1)]:
        a = eta + 0.5
        assert same_distribution((cor[:, i, j] + 1) / 2, stats.beta(a, a))


def test_separate_blocks_are_uncorrelated(spec):
    drawn = draw_prior(spec, 50, SEED)
    cor = drawn["cor_g"]
    within = cor.sel(g_coef="Intercept", g_coef2="sigma_Intercept")
    between = cor.sel(g_coef="x", g_coef2=["Intercept", "sigma_Intercept"])
    assert (np.abs(within) > 0).all()
    assert (between == 0).all()


def test_effects_are_normal_with_the_sd_and_cor_of_their_draw(spec):
    drawn = draw_prior(spec, 3000, SEED)
    sd, cor, r = (drawn[name].to_numpy()[0] for name in ("sd_g", "cor_g", "r_g"))
    root = np.linalg.cholesky(cor)
    z = np.linalg.solve(root[:, None], (r / sd[:, None])[..., None])
    assert z.shape == (3000, 3, 3, 1)
    assert same_distribution(z, stats.norm())
    assert abs(np.corrcoef(z.reshape(3000, -1), rowvar=False) - np.eye(9)).max() < 0.08


def test_effects_of_related_weighted_student_levels(frame):
    data, levels = frame(), sorted(set(frame()["g"]))
    matrix = relatives(levels)
    data["v"] = data["g"].map(dict(zip(levels, (0.5, 2.0, 4.0), strict=True))).astype(float)
    formula = 'y ~ 1 + (1 | gr(g, dist="student", cov=A, pw=v))'
    said = [prior("normal(0, 1)", "Intercept"), prior("gamma(3, 1)", "df", group="g")]
    spec = build_spec(formula, data, prior=said, data2={"A": matrix})
    drawn, group = draw_prior(spec, 4000, SEED), spec.design.groups[0]
    order = list(group.levels)
    df, u, sd, r = (drawn[name].to_numpy()[0] for name in ("df_g", "udf_g", "sd_g", "r_g"))
    assert same_distribution(stats.chi2(df[:, None]).cdf(1 / u), stats.uniform())
    z = np.linalg.solve(
        np.linalg.cholesky(matrix.loc[order, order]), r[..., 0].T / sd.T / np.sqrt(df * u.T)
    )
    assert same_distribution(z.T * np.sqrt(group.pw), stats.norm())


def test_each_stratum_has_its_own_sd_and_cor(by_spec):
    drawn = draw_prior(by_spec, 3000, SEED)
    sd, cor, r = (drawn[name].to_numpy()[0] for name in ("sd_g", "cor_g", "r_g"))
    assert abs(np.corrcoef(np.log(sd[:, 0, 0]), np.log(sd[:, 1, 0]))[0, 1]) < 0.08
    of_level = by_spec.groups[0].group.by.of_level
    root = np.linalg.cholesky(cor)[:, of_level]
    z = np.linalg.solve(root, (r / sd[:, of_level])[..., None])
    assert same_distribution(z, stats.norm())


def test_uncorrelated_coefficients_have_no_cor(frame):
    drawn = draw_prior(build_spec("y ~ x + (x || g)", frame(), prior=SLOPES), 20, SEED)
    assert list(drawn.data_vars) == ["b", "sd_g", "r_g", "sigma"]


def test_flat_priors_are_named(frame):
    spec = build_spec(bf("y ~ x + (1 | g)", sigma="t"), frame())
    with pytest.raises(
        PriorError, match=r"flat: b x; b t\[new\] sigma\. .*\"normal\(0, 1\)\", \"b\""
    ):
        draw_prior(spec, 10, SEED)


def test_bounded_flat_priors_are_uniform(frame):
    spec = build_spec("y ~ x", frame(), prior=prior("", "b", lb=-1, ub=3))
    assert same_distribution(draw_prior(spec, 2000, SEED)["b"].sel(coef="x"), stats.uniform(-1, 4))


@pytest.mark.parametrize("draws", [0, 1.5, True])
def test_draws_are_counted(spec, draws):
    with pytest.raises(SamplingError, match="draws"):
        draw_prior(spec, draws, SEED)


@pytest.fixture(scope="module")
def model(frame):
    return Model("y ~ x + (1 + x | g)", frame(), prior=SLOPES)


def test_the_tree_has_prior_prediction_and_data(model):
    tree = model.sample_prior(30, random_seed=1)
    assert list(tree.children) == ["prior", "prior_predictive", "observed_data"]
    assert tree["prior_predictive"]["y"].dims == ("chain", "draw", "obs")
    assert tree["prior_predictive"]["y"].shape == (1, 30, 24)
    np.testing.assert_array_equal(tree["observed_data"]["y"], model.spec.response.data.y)


def test_responses_are_predicted_from_their_own_draw(model, frame):
    tree, data = model.sample_prior(2000, random_seed=1), frame()
    b, r, sigma = (tree["prior"][n].to_numpy()[0] for n in ("b", "r_g", "sigma"))
    effects = b[:, None, :] + r[:, data["g"].cat.codes]
    mu = effects[:, :, 0] + effects[:, :, 1] * data["x"].to_numpy()
    residual = (tree["prior_predictive"]["y"].to_numpy()[0] - mu) / sigma[:, None]
    assert same_distribution(residual, stats.norm())


@pytest.mark.parametrize(
    "seed", [lambda: 1, lambda: np.random.default_rng(1), lambda: np.random.SeedSequence(1)]
)
def test_the_same_seed_gives_the_same_draws(model, seed):
    assert model.sample_prior(5, seed()).identical(model.sample_prior(5, seed()))


def test_a_generator_moves_on(model):
    rng = np.random.default_rng(1)
    assert not model.sample_prior(5, rng).equals(model.sample_prior(5, rng))


def test_counts_are_whole_numbers(frame):
    data = frame().assign(n=3, k=1)
    model = Model("k | trials(n) ~ 1", data, family="binomial")
    tree = model.sample_prior(100, random_seed=1)
    assert tree["prior_predictive"]["k"].dtype == np.int64
    assert set(np.unique(tree["prior_predictive"]["k"])) == {0, 1, 2, 3}


def test_a_model_without_population_coefficients(frame):
    tree = Model("y ~ 0 + (1 | g)", frame()).sample_prior(5, random_seed=1)
    assert list(tree["prior"].data_vars) == ["sd_g", "r_g", "sigma"]


def test_a_group_may_be_called_obs(frame):
    tree = Model("y ~ 1 + (1 | obs)", frame().rename(columns={"g": "obs"})).sample_prior(5, 1)
    assert tree["prior"]["r_obs"].dims == ("chain", "draw", "obs", "obs_coef")
    assert tree["prior_predictive"]["y"].dims == ("chain", "draw", "row")


@pytest.mark.slow
@pytest.mark.parametrize(
    "formula",
    [bf("y ~ x + (1 + x | i | g)", sigma="1 + (1 | i | g)"), bf("y ~ x + (1 + x | gr(g, by=t))")],
    ids=["two dpars", "by"],
)
def test_the_pymc_model_has_the_same_prior(frame, formula):
    import pymc as pm

    said = [SLOPES, prior("normal(0, 1)", "sd"), prior("normal(2, 1)", "Intercept")]
    model = Model(formula, frame(), prior=said)
    ours = model.sample_prior(4000, random_seed=1)
    with model.pymc:
        theirs = pm.sample_prior_predictive(
            4000, random_seed=2, compile_kwargs={"mode": "FAST_COMPILE"}
        )
    for group, name in [*(("prior", n) for n in ours["prior"]), ("prior_predictive", "y")]:
        a, b = (t[group][name].to_numpy().reshape(4000, -1) for t in (ours, theirs))
        for i in range(a.shape[1]):
            assert stats.ks_2samp(a[:, i], b[:, i]).pvalue > 1e-5, (name, i)
