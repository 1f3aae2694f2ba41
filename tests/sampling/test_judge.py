import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

from bayesmix.sampling import judge

CHAINS, DRAWS = 4, 600


def tree(diverging=0, target_accept=0.8, **variables):
    """Independent standard normal draws, apart from the variables given."""
    rng = np.random.default_rng(11)
    coords = {"g_coef": ["Intercept", "x"], "g_coef2": ["Intercept", "x"], "coef": ["a", "b"]}
    cor = np.broadcast_to(np.eye(2), (CHAINS, DRAWS, 2, 2)).copy()
    cor[..., 0, 1] = cor[..., 1, 0] = np.tanh(rng.normal(size=(CHAINS, DRAWS)))
    values = {
        "b": (("coef",), rng.normal(size=(CHAINS, DRAWS, 2))),
        "cor_g": (("g_coef", "g_coef2"), cor),
        "sigma": ((), rng.normal(size=(CHAINS, DRAWS))),
    }
    values |= {name: (values[name][0], v) for name, v in variables.items()}
    posterior = {name: (("chain", "draw", *dims), v) for name, (dims, v) in values.items()}
    bad = np.zeros(CHAINS * DRAWS, bool)
    bad[:diverging] = True
    stats = {"diverging": (("chain", "draw"), bad.reshape(CHAINS, DRAWS))}
    attrs = {"target_accept": target_accept}
    groups = {
        "posterior": xr.Dataset(posterior, coords),
        "sample_stats": xr.Dataset(stats, attrs=attrs),
    }
    return xr.DataTree.from_dict(groups)


def independent(*shape):
    return np.random.default_rng(2).normal(size=(CHAINS, DRAWS, *shape))


def sticky(rho):
    """An autoregressive process: autocorrelation rho, marginal variance one."""
    z = np.random.default_rng(2).normal(size=(CHAINS, DRAWS + 2000))
    return lfilter([np.sqrt(1 - rho**2)], [1, -rho], z, axis=1)[:, 2000:]


def test_good_draws_pass():
    assert judge(tree()) is None


def test_divergences_are_counted_and_smaller_steps_advised():
    words = judge(tree(diverging=7))
    assert "7 of 2400 draws diverged" in words
    assert "target_accept=0.95 (it was 0.8)" in words


def test_who_took_small_steps_is_told_smaller_ones():
    assert "closer to 1 (it was 0.99)" in judge(tree(diverging=1, target_accept=0.99))


def test_chains_that_disagree_are_found():
    b = independent(2)
    b[0, :, 1] += 3
    words = judge(tree(b=b))
    assert "R-hat is above 1.01 for 1 of 4 parameters: b[b] 1." in words
    assert "b[a]" not in words


def test_slow_chains_are_found():
    words = judge(tree(sigma=sticky(0.95)))
    assert "under 400 (100 a chain) for 1 of 4 parameters: sigma " in words
    assert "draws=" in words


def test_the_draws_advised_are_in_proportion():
    words = judge(tree(sigma=sticky(0.95)))
    least = float(words.split("sigma ")[-1].split(".")[0])
    advised = int(words.split("draws=")[-1].split(" ")[0])
    assert advised == pytest.approx(DRAWS * 400 / least, abs=105)


def test_slow_tails_are_found():
    # The scale moves slowly, the sign fast: the centre mixes, the tails don't.
    slow = np.exp(2 * sticky(0.99))
    words = judge(tree(sigma=slow * independent()))
    assert "effective sample size" in words


def test_a_correlation_counts_once():
    cor = np.broadcast_to(np.eye(2), (CHAINS, DRAWS, 2, 2)).copy()
    cor[..., 0, 1] = cor[..., 1, 0] = np.tanh(sticky(0.98))
    words = judge(tree(cor_g=cor))
    assert "of 4 parameters: cor_g[x, Intercept]" in words


def test_constant_correlations_are_no_parameters():
    cor = np.broadcast_to(np.eye(2), (CHAINS, DRAWS, 2, 2))
    assert judge(tree(cor_g=cor)) is None


def test_a_chain_that_never_moved_is_found():
    sigma = independent()
    sigma[2] = 0.3
    assert "R-hat" in judge(tree(sigma=sigma))


def test_chains_that_never_moved_are_found():
    sigma = np.broadcast_to(np.arange(CHAINS)[:, None], (CHAINS, DRAWS)).astype(float)
    assert "R-hat" in judge(tree(sigma=sigma))


def test_infinite_draws_are_found():
    b = independent(2)
    b[1, 5, 0] = np.inf
    words = judge(tree(b=b))
    assert "1 of 4 parameters is not finite in every draw: b[a]" in words


def test_the_worst_three_are_named():
    shifted = independent(2) + 4 * np.arange(CHAINS)[:, None, None]
    words = judge(tree(b=shifted, sigma=independent() + 9 * np.arange(CHAINS)[:, None]))
    line = next(line for line in words.splitlines() if "R-hat" in line)
    assert line.index("sigma") < line.index("b[")


def test_too_few_draws_are_not_judged():
    idata = tree().isel(draw=slice(3))
    assert "too few to judge" in judge(idata)


def test_one_chain_is_judged_by_its_halves():
    assert judge(tree().isel(chain=[0])) is None
    drifting = independent() + np.linspace(0, 4, DRAWS)
    assert judge(tree(sigma=drifting).isel(chain=[0])) is not None


def test_everything_found_is_said_in_one_text():
    words = judge(tree(diverging=3, sigma=sticky(0.995)))
    assert words.splitlines()[0] == "The draws should not be trusted yet."
    assert sum(line.startswith("- ") for line in words.splitlines()) >= 2
