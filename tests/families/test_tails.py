"""Far tails and limits of parameters, beside values computed with many digits (mpmath)."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from bayesmix.families import FAMILIES
from bayesmix.families.maths import NUMPY

from .exact import DENSITIES, ODDS, SHARES, log_density

CASES = [
    (
        "Gamma",
        1e-30,
        {"mu": 1.0, "shape": 0.3},
        [46.897297116759106, -20.97628286873633, -7.764546575999552e-10],
    ),
    (
        "Gamma",
        0.001,
        {"mu": 5.0, "shape": 3.0},
        [-16.041734609822193, -24.047952170722212, -3.59838038879995e-11],
    ),
    ("Gamma", 0.5, {"mu": 2.0, "shape": 900.0}, [-569.4896115714729, -576.6979639345918, 0.0]),
    ("Gamma", 40.0, {"mu": 2.0, "shape": 900.0}, [-14405.047666999653, 0.0, -14411.10568283956]),
    ("Gamma", 9000.0, {"mu": 1.0, "shape": 0.3}, [-2707.8304757355386, 0.0, -2706.6267620609688]),
    (
        "student",
        -1000000000000.0,
        {"mu": 0.0, "sigma": 1.0, "nu": 50.0},
        [-1310.3494284739693, -1286.630430363469, 0.0],
    ),
    (
        "student",
        -60.0,
        {"mu": 0.0, "sigma": 1.0, "nu": 100000.0},
        [-1769.293816469689, -1773.3530714676713, 0.0],
    ),
    (
        "student",
        1e-09,
        {"mu": 0.0, "sigma": 1.0, "nu": 3.0},
        [-1.0008888496235098, -0.6931471798248401, -0.6931471812950505],
    ),
    (
        "student",
        40.0,
        {"mu": 0.0, "sigma": 1.0, "nu": 1.0},
        [-8.523113598846114, -0.00798790847530824, -4.833817616894664],
    ),
    (
        "exgaussian",
        -60,
        {"mu": 0.0, "sigma": 1.0, "beta": 1.0},
        [-1745.5135606805673, -1749.591667240158, 0.0],
    ),
    (
        "exgaussian",
        -8,
        {"mu": 0.0, "sigma": 1.0, "beta": 0.01},
        [-32.915942708847346, -35.0103500981162, -6.24019473725951e-16],
    ),
    (
        "exgaussian",
        -1,
        {"mu": 0.0, "sigma": 1.0, "beta": 0.0001},
        [-1.418938533204006, -1.8410216373835873, -0.17275378046144974],
    ),
    (
        "exgaussian",
        40,
        {"mu": 0.0, "sigma": 5.0, "beta": 30.0},
        [-5.7206418261066, -0.10350468013002231, -2.3194444444444446],
    ),
    ("exgaussian", 700, {"mu": 0.0, "sigma": 1.0, "beta": 1.0}, [-700.5, 0.0, -700.5]),
    (
        "inverse.gaussian",
        0.001,
        {"mu": 1.0, "shape": 1.0},
        [-489.5578056147315, -502.6811655093445, 0.0],
    ),
    (
        "inverse.gaussian",
        1000.0,
        {"mu": 1.0, "shape": 1.0},
        [-510.28107145167786, 0.0, -509.5909128464242],
    ),
    (
        "inverse.gaussian",
        1000.0,
        {"mu": 0.5, "shape": 0.01},
        [-33.56316154467192, -1.237565215248744e-13, -29.720460295659596],
    ),
    (
        "inverse.gaussian",
        30.0,
        {"mu": 3.0, "shape": 100.0},
        [-138.71814951270386, -7.778769097326427e-62, -140.43201208513307],
    ),
    (
        "gen_extreme_value",
        -5.0,
        {"mu": 0.0, "sigma": 1.0, "xi": 0.0},
        [-143.4131591025766, -148.4131591025766, 0.0],
    ),
    (
        "gen_extreme_value",
        60.0,
        {"mu": 0.0, "sigma": 1.0, "xi": 1e-09},
        [-59.99999826000007, -8.756526524429448e-27, -59.99999820000007],
    ),
    (
        "gen_extreme_value",
        60.0,
        {"mu": 0.0, "sigma": 1.0, "xi": -0.001},
        [-61.813528314369385, -1.342312392493371e-27, -61.87540371808747],
    ),
    (
        "gen_extreme_value",
        900.0,
        {"mu": 0.0, "sigma": 1.0, "xi": 0.3},
        [-24.27584823157634, -7.76430100607833e-09, -18.673729406814488],
    ),
    ("skew_normal", -30.0, {"mu": 0.0, "sigma": 1.0, "alpha": 3.0}, [-1781.7656308657345]),
    ("skew_normal", 2.0, {"mu": 0.0, "sigma": 1.0, "alpha": -10000.0}, [-8312442.4839179935]),
    ("von_mises", -3.0, {"mu": 0.5, "kappa": 10000000.0}, [-19364559.732798684]),
    ("von_mises", 3.0, {"mu": 0.5, "kappa": 14.9}, [-26.413990668459093]),
    ("von_mises", 0.0, {"mu": 0.5, "kappa": 20.1}, [-1.8855514492018337]),
    ("weibull", 1e-200, {"mu": 2.0, "shape": 8.0}, [-3227.565051567472, -3690.161511707961, -0.0]),
    ("weibull", 40.0, {"mu": 2.0, "shape": 8.0}, [-15837917029.809034, 0.0, -15837917051.685268]),
    ("frechet", 0.05, {"mu": 2.0, "nu": 8.0}, [-3297434886759.136, -3297434886793.0356, 0.0]),
    (
        "frechet",
        1e200,
        {"mu": 2.0, "nu": 1.01},
        [-929.5847590079438, -1.9149054169716234e-204, -469.0776907399878],
    ),
    (
        "asym_laplace",
        -500.0,
        {"mu": 0.0, "sigma": 1.0, "quantile": 0.01},
        [-499.6152205218416, -499.6051701859881, 0.0],
    ),
    (
        "asym_laplace",
        500.0,
        {"mu": 0.0, "sigma": 1.0, "quantile": 0.99},
        [-499.6152205218416, 0.0, -499.6051701859881],
    ),
]
"""Family, response, parameters; log density and, where there are, log_cdf and log_sf."""


@pytest.mark.parametrize(("name", "y", "dpars", "expected"), CASES)
def test_no_digits_are_lost(name, y, dpars, expected):
    family, at, p = FAMILIES[name], np.array([y]), {k: np.array(v) for k, v in dpars.items()}
    with np.errstate(all="ignore"):
        tails = [f(at, p, {}, NUMPY) for f in (family.log_cdf, family.log_sf) if f is not None]
    assert_allclose(
        np.array([family.logp(at, p, {}), *tails])[:, 0], expected, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("name", ["exponential", "weibull", "frechet", "inverse.gaussian"])
def test_bounds_below_what_a_response_can_be(name):
    family, y = FAMILIES[name], np.array([-3.0, 0.0])
    p = {d.name: np.array(1.5) for d in family.dpars}
    with np.errstate(all="ignore"):
        assert np.all(family.log_cdf(y, p, {}, NUMPY) == -np.inf)
        assert np.all(family.log_sf(y, p, {}, NUMPY) == 0.0)
        lb, ub = np.array(-3.0), np.array(np.inf)
    assert_allclose(family.between.mean(p, lb, ub, {}), family.mean(p, {}), rtol=1e-7)


GRID = {
    "gaussian": ([-1e6, 0.0, 1e100], {"mu": [0.0, 1e6], "sigma": [1e-3, 1.0, 1e6]}),
    "student": ([-1e12, 0.3, 1e90], {"mu": [0.0], "sigma": [1e-3, 1.0], "nu": [1.001, 7.0, 1e7]}),
    "skew_normal": ([-40.0, -0.5, 9.0], {"mu": [0.2], "sigma": [0.5], "alpha": [-90.0, 0.0, 2.0]}),
    "exgaussian": (
        [-70.0, 0.0, 900.0],
        {"mu": [0.3], "sigma": [0.5, 40.0], "beta": [1e-3, 1.0, 60.0]},
    ),
    "asym_laplace": (
        [-900.0, 0.0, 1e6],
        {"mu": [0.1], "sigma": [1e-2, 5.0], "quantile": [-700.0, 0.0, 40.0]},
    ),
    "gen_extreme_value": (
        [-4.0, 0.5, 80.0],
        {"mu": [0.1], "sigma": [1.1], "xi": [-0.012, 0.0, 1e-8, 0.2]},
    ),
    "von_mises": ([-3.0, 0.5, 3.1], {"mu": [0.4, 3.0], "kappa": [1e-9, 3.0, 1e6]}),
    "lognormal": ([1e-300, 1.0, 1e300], {"mu": [-3.0, 800.0], "sigma": [0.1, 90.0]}),
    "shifted_lognormal": ([0.5, 1e200], {"mu": [-3.0], "sigma": [0.1, 9.0], "ndt": [0.4999]}),
    "Gamma": ([1e-300, 1.0, 1e5], {"mu": [1e-3, 2.0, 1e200], "shape": [1e-3, 2.0, 1e8]}),
    "exponential": ([1e-300, 1.0, 1e5], {"mu": [1e-200, 2.0, 1e200]}),
    "weibull": ([1e-300, 1.0, 1e3], {"mu": [0.5, 3.0], "shape": [0.05, 1.0, 60.0]}),
    "frechet": ([1e-2, 1.0, 1e250], {"mu": [0.5, 3.0], "nu": [1.001, 3.0, 50.0]}),
    "inverse.gaussian": ([1e-5, 1.0, 1e8], {"mu": [1e-3, 2.0, 1e6], "shape": [1e-4, 1.0, 1e6]}),
    "wiener": (
        [0.31, 0.6, 4.0],
        {"mu": [-6.0, 0.0, 5.0], "bs": [0.5, 2.0], "ndt": [0.3], "bias": [-4.0, 0.3]},
    ),
    "cox": ([1.0], {"mu": [1e-300, 1.0, 1e9], "bhaz": [1e-200, 2.0], "cbhaz": [1e-9, 40.0]}),
    "bernoulli": ([0.0, 1.0], {"mu": [-800.0, 0.3, 800.0]}),
    "binomial": ([0.0, 3.0, 1000.0], {"mu": [-800.0, 0.3, 800.0], "trials": [1000.0]}),
    "beta_binomial": (
        [0.0, 3.0, 1000.0],
        {"mu": [-800.0, -20.0, 0.3, 800.0], "phi": [1e-3, 3.0, 1e9], "trials": [1000.0]},
    ),
    "Beta": ([1e-300, 0.3, 1 - 1e-9], {"mu": [-20.0, 0.3, 20.0], "phi": [1e-3, 3.0, 1e6]}),
    "xbeta": ([0.0, 0.3, 1.0], {"mu": [-5.0, 0.3], "phi": [0.5, 30.0], "kappa": [1e-6, 0.4]}),
    "poisson": ([0.0, 7.0, 1e10], {"mu": [1e-300, 7.5, 1e10 + 1e5, 1e10]}),
    "negbinomial": (
        [0.0, 1.0, 2000.0],
        {"mu": [1e-300, 7.5, 1e9, 1e300], "shape": [1e-300, 0.7, 1e12]},
    ),
    "negbinomial2": (
        [0.0, 1.0, 2000.0],
        {"mu": [1e-300, 7.5, 1e300], "sigma": [1e-12, 2.0, 1e300]},
    ),
    "geometric": ([0.0, 5.0, 1e9], {"mu": [1e-300, 3.0, 1e12]}),
    "discrete_weibull": (
        [0.0, 1.0, 1e6],
        {"mu": [-800.0, -2.0, 3.0, 800.0], "shape": [0.1, 1.0, 2.0]},
    ),
    "com_poisson": ([0.0, 3.0, 900.0], {"mu": [1e-9, 4.0, 300.0], "shape": [0.5, 1.0, 20.0]}),
    "zero_inflated_poisson": ([0.0, 3.0], {"mu": [1e-9, 4.0, 900.0], "zi": [-900.0, 0.2, 900.0]}),
    "zero_inflated_negbinomial": (
        [0.0, 3.0],
        {"mu": [1e-9, 900.0], "shape": [1e-3, 1e9], "zi": [-900.0, 0.2, 900.0]},
    ),
    "zero_inflated_binomial": (
        [0.0, 3.0, 50.0],
        {"mu": [-800.0, 0.4, 50.0], "zi": [-900.0, 0.2, 900.0], "trials": [50.0]},
    ),
    "zero_inflated_beta_binomial": (
        [0.0, 3.0, 50.0],
        {"mu": [-800.0, 0.4, 50.0], "phi": [0.1, 1e9], "zi": [-900.0, 900.0], "trials": [50.0]},
    ),
    "zero_inflated_beta": (
        [0.0, 1e-200, 0.9],
        {"mu": [-9.0, 0.4], "phi": [0.1, 900.0], "zi": [-900.0, 0.2, 900.0]},
    ),
    "zero_inflated_asym_laplace": (
        [-900.0, 0.0, 5.0],
        {"mu": [0.2], "sigma": [0.1, 9.0], "quantile": [-40.0, 0.0], "zi": [-900.0, 900.0]},
    ),
    "hurdle_poisson": ([0.0, 1.0, 900.0], {"mu": [1e-300, 4.0, 900.0], "hu": [-900.0, 40.0]}),
    "hurdle_negbinomial": (
        [0.0, 1.0, 2000.0],
        {"mu": [1e-300, 1e-9, 900.0], "shape": [1e-3, 2.0, 1e12], "hu": [-900.0, 40.0]},
    ),
    "hurdle_gamma": (
        [0.0, 1e-200, 1e5],
        {"mu": [1e-3, 1e9], "shape": [1e-3, 1e6], "hu": [-900.0, 900.0]},
    ),
    "hurdle_lognormal": (
        [0.0, 1e-200, 1e300],
        {"mu": [-3.0, 800.0], "sigma": [0.1, 90.0], "hu": [-900.0, 900.0]},
    ),
    "zero_one_inflated_beta": (
        [0.0, 1e-9, 1.0],
        {"mu": [-9.0, 0.4], "phi": [0.1, 900.0], "zoi": [-900.0, 0.2], "coi": [-900.0, 900.0]},
    ),
    **dict.fromkeys(
        ("cumulative", "sratio", "cratio", "acat"),
        (
            [1.0, 3.0, 4.0],
            {"mu": [-800.0, 0.3, 800.0], "disc": [0.01, 3.0], "thresholds": [[-2.0, 0.1, 0.2]]},
        ),
    ),
    "hurdle_cumulative": (
        [0.0, 1.0, 3.0],
        {
            "mu": [-800.0, 0.3, 800.0],
            "disc": [1.5],
            "hu": [-900.0, 30.0],
            "thresholds": [[-2.0, 0.1]],
        },
    ),
}  # fmt: skip
"""Far and near values of each family's response and parameters; see `exact.ODDS`."""

ELSEWHERE = {
    "categorical": "test_shares",
    "multinomial": "test_shares",
    "dirichlet_multinomial": "test_shares",
    "dirichlet": "test_shares",
    "dirichlet2": "test_refcat",
    "logistic_normal": "test_logistic_normal",
}
ADDITIONS = ("trials", "bhaz", "cbhaz")
LARGEST = 1e15
"""Of the logarithms that are compared; beyond, a density has no more digits than its powers."""


def ours(name, y, given):
    """The family's own density at one point."""
    p, aux = {}, {}
    for key, value in given.items():
        if key in ADDITIONS:
            aux[f"{key}_1" if "bhaz" in key else key] = np.array([value])
        elif key in ODDS and (key != "mu" or name in SHARES):
            p[key] = expit(np.array([value]))
            p[f"{key}_log_odds"] = np.array([value])
        else:
            p[key] = np.array([value])
    family, aux = FAMILIES[name], {**aux, **({"dec": np.ones(1)} if name == "wiener" else {})}
    if name == "cox":
        p["sbhaz"] = np.ones((1, 1))
    if "thresholds" in given:
        last = len(given["thresholds"]) + 1
        family, p["thresholds"] = (
            family.for_response(np.arange(family.first_code, last + 1.0), None, {}),
            p["thresholds"][:, None, :],
        )
    elif name == "cox":
        family = family.for_response(np.array([y]), None, aux)
    return np.ravel(family.logp(np.array([y]), p, aux))[0]


@pytest.mark.parametrize("name", GRID)
def test_densities_beside_exact_ones(name):
    responses, values = GRID[name]
    points = [dict(zip(values, point, strict=True)) for point in product(*values.values())]
    for y, given in product(responses, points):
        expected = log_density(name, y, given)
        if abs(expected) < LARGEST:
            found = ours(name, y, given)
            assert_allclose(found, expected, rtol=1e-11, atol=2e-12, err_msg=f"{y}, {given}")


def test_every_family_has_its_tails():
    assert set(GRID) == set(DENSITIES)
    assert set(GRID) | set(ELSEWHERE) == set(FAMILIES)
