"""Draws of families under each of their links, beside the family's own density.

Those of one column, and of ordered categories; `ELSEWHERE` names the others.

Each test compares frequencies by chi squared at one in ten million: of the 500 or so of them one
fails by chance in 20,000 runs. Means are compared within six standard errors.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayesmix.families import FAMILIES

N = 4000
LEVEL = 1e-7
VALUES = {
    "sigma": 0.8, "nu": 6.0, "shape": 1.7, "phi": 3.0, "alpha": 1.5, "beta": 0.6, "xi": 0.1,
    "kappa": 0.7, "quantile": 0.4, "zi": 0.2, "hu": 0.3, "zoi": 0.3, "coi": 0.6, "disc": 1.3,
    "ndt": 0.4, "bs": 1.2, "bias": 0.45,
}  # fmt: skip
SHARE = 0.4
COUNT = 3.0
REAL = 0.3
TRIALS = {"trials": np.array([9.0])}
MU = {
    **dict.fromkeys(("bernoulli", "binomial", "beta_binomial", "Beta", "xbeta"), SHARE),
    **dict.fromkeys(("zero_inflated_binomial", "zero_inflated_beta_binomial"), SHARE),
    **dict.fromkeys(("zero_inflated_beta", "zero_one_inflated_beta", "discrete_weibull"), SHARE),
    **dict.fromkeys(("Gamma", "exponential", "weibull", "frechet", "inverse.gaussian"), 1.6),
    **dict.fromkeys(("hurdle_gamma",), 1.6),
}
WITHOUT = {
    "cox": "has no draws, which are a hazard's beyond its last knot",
    "wiener": "draws two columns, see test_wiener",
}
ATOMS = {0.0, 1.0}
ELSEWHERE = {
    "categorical", "multinomial", "dirichlet_multinomial", "dirichlet", "dirichlet2",
    "logistic_normal", "cumulative", "sratio", "cratio", "acat", "hurdle_cumulative",
}  # fmt: skip
"""Families of categories and shares; the ordered ones are drawn from below."""
SINGLE = [name for name in FAMILIES if name not in ELSEWHERE]
LINKS = [
    (name, d.name, link)
    for name in SINGLE
    if name not in WITHOUT
    for d in FAMILIES[name].dpars
    for link in d.links
]


def natural(name):
    """A value of each parameter within its range."""
    family = FAMILIES[name]
    mu = MU.get(name, COUNT if family.discrete else REAL)
    return {d.name: mu if d.name == "mu" else VALUES[d.name] for d in family.dpars}


def given(name, dpar, link):
    """The family under a link, with parameters that come through it."""
    family = FAMILIES[name].with_link(dpar, link)
    values = natural(name)
    eta = np.full((N, 1), family.link(dpar).link(np.array(values.pop(dpar))))
    own = {d: np.full((N, 1), v) for d, v in values.items()}
    return family, family.complete(own, {dpar: eta}), TRIALS if family.needs else {}


def drawn_beside_density(family, p, aux, support=(-np.inf, np.inf)):
    """Draws, and counts of them in cells beside what the density says."""
    y = family.random(np.random.default_rng(5), p, aux)[:, 0].astype(float)
    one = {k: v[:1] if np.ndim(v) else v for k, v in p.items()}

    def density(at):
        with np.errstate(all="ignore"):
            return np.exp(family.logp(np.asarray(at, float), one, aux)[0])

    if family.discrete:
        cells = np.arange(support[0] if np.isfinite(support[0]) else 0.0, y.max() + 1.0)
        observed = np.array([(y == k).sum() for k in cells])
        return y, observed, density(cells)
    return y, *cells_of(y, density)


def cells_of(y, density):
    """Atoms one by one; between them cells that hold as many draws each."""
    atoms = [a for a in ATOMS if (y == a).any()]
    rest = y[~np.isin(y, atoms)]
    edges = np.quantile(rest, np.linspace(0.02, 0.98, 17))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    half = np.diff(edges)[:, None] / 2
    at = edges[:-1, None] + half * (1 + nodes)
    inside = (density(at.ravel()).reshape(at.shape) * weights * half).sum(axis=1)
    observed = np.histogram(rest, edges)[0]
    observed = np.append(observed, [(y == a).sum() for a in atoms])
    return observed, np.append(inside, density(np.array(atoms)) if atoms else [])


def assert_frequencies(observed, shares):
    """What is left over is a cell of its own."""
    observed = np.append(observed, N - observed.sum())
    expected = np.append(shares, max(1.0 - shares.sum(), 0.0)) * N
    many = expected >= 5
    observed = np.append(observed[many], observed[~many].sum())
    expected = np.append(expected[many], expected[~many].sum())
    some = expected > 1e-6
    assert observed[~some].sum() == 0
    statistic = ((observed - expected)[some] ** 2 / expected[some]).sum()
    assert stats.chi2(max(some.sum() - 1, 1)).sf(statistic) > LEVEL
    assert shares.sum() < 1 + 1e-6


def test_every_family_is_here_or_somewhere_else():
    assert {name for name, *_ in LINKS} | set(WITHOUT) | ELSEWHERE == set(FAMILIES)


@pytest.mark.parametrize(("name", "dpar", "link"), LINKS)
def test_draws_have_the_frequencies_of_the_density(name, dpar, link):
    family, p, aux = given(name, dpar, link)
    y, observed, shares = drawn_beside_density(family, p, aux)
    assert_frequencies(observed, shares)
    if name not in ("von_mises", "frechet"):
        mean = np.broadcast_to(family.mean(p, aux), (N, 1))[0, 0]
        assert abs(y.mean() - mean) < 6 * y.std() / np.sqrt(N) + 1e-12


BETWEEN = [n for n in SINGLE if FAMILIES[n].between is not None and n not in WITHOUT]


@pytest.mark.parametrize("name", BETWEEN)
def test_draws_between_bounds(name):
    family, p, aux = given(name, "mu", FAMILIES[name].dpar("mu").link)
    whole = family.random(np.random.default_rng(6), p, aux)
    lb, ub = np.quantile(whole, [0.3, 0.9])
    if family.discrete:
        lb, ub = np.floor(lb), max(np.floor(ub), np.floor(lb) + 1)
    aux = {**aux, "lb": np.array([lb]), "ub": np.array([ub])}
    y = np.array([(lb + ub) / 2])
    family = family.for_response(y, None, aux)
    drawn, observed, shares = drawn_beside_density(family, p, aux, (lb, ub))
    assert drawn.min() >= lb and drawn.max() <= ub
    assert_frequencies(observed, shares)
    mean = np.broadcast_to(family.mean(p, aux), (N, 1))[0, 0]
    assert abs(drawn.mean() - mean) < 6 * drawn.std() / np.sqrt(N) + 1e-12


ORDERED = [
    (name, link)
    for name in ("cumulative", "sratio", "cratio", "acat", "hurdle_cumulative")
    for link in FAMILIES[name].dpar("mu").links
]


@pytest.mark.parametrize(("name", "link"), ORDERED)
def test_draws_of_ordered_categories(name, link):
    first = FAMILIES[name].first_code
    family = FAMILIES[name].with_link("mu", link)
    family = family.for_response(np.arange(first, 5.0), None, {})
    p = {d.name: np.full((N, 1), VALUES.get(d.name, REAL)) for d in family.dpars}
    size = len(family.vectors[0].labels)
    p["thresholds"] = np.broadcast_to(np.linspace(-0.8, 1.1, size), (N, 1, size))
    y = family.random(np.random.default_rng(7), p, {})[:, 0]
    codes = np.arange(float(first), 5.0)
    shares = np.exp([family.logp(np.array([k]), p, {})[0, 0] for k in codes])
    assert_frequencies(np.array([(y == k).sum() for k in codes]), shares)
    np.testing.assert_allclose(family.mean(p, {})[0, 0], shares, rtol=1e-10)


def test_the_tests_can_fail():
    """Draws of a scale that is off by a tenth are found out."""
    family, p, aux = given("gaussian", "sigma", "log")
    y = family.random(np.random.default_rng(5), {**p, "sigma": 1.1 * p["sigma"]}, aux)[:, 0]
    one = {k: v[:1] for k, v in p.items()}
    cells = cells_of(y, lambda at: np.exp(family.logp(at, one, aux)[0]))
    with pytest.raises(AssertionError):
        assert_frequencies(*cells)
