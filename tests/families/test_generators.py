"""Draws of families under each of their links, beside the family's own density.

Those of one column, of ordered and unordered categories, and of shares; `WITHOUT` names the rest.

Each test compares frequencies by chi squared at one in ten million: of the 500 or so of them one
fails by chance in 20,000 runs. Means are compared within six standard errors.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import bayesmix as bx
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
"""Families of categories and shares, which are drawn from further down."""
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


CATEGORIES = ("a", "b", "c")
SHARED = {"mua": 0.9, "mub": 0.4, "muc": -0.5, "phi": 4.0, "sigmab": 0.7, "sigmac": 0.9}


def of_categories(name, trials):
    """The family of three categories, its parameters, and addition terms as columns say them."""
    told = {"refcat": "a"} if name == "logistic_normal" else {}
    aux = {} if name == "categorical" else {c: np.ones(1) for c in ("column_2", "column_3")}
    aux |= {"trials": np.array([trials])} if trials else {}
    ready = bx.family(name, **told).for_response(np.array([1.0, 2.0]), CATEGORIES, aux)
    p = {d.name: np.full((N, 1), SHARED[d.name]) for d in ready.dpars}
    if name == "dirichlet2":
        p = {d: 1.0 + np.abs(v) for d, v in p.items()}
    p |= {v.name: np.full((N, 1, 1), 0.4) for v in ready.vectors}
    return ready, p, {k: v for k, v in aux.items() if k == "trials"}


def densities(ready, p, aux, rows):
    """Of responses in three columns."""
    one = {k: v[:1] for k, v in p.items()}
    columns = {f"column_{k + 1}": rows[:, k] for k in (1, 2)} if rows.shape[1] > 1 else {}
    each = {k: np.broadcast_to(v, len(rows)) for k, v in aux.items()}
    return np.exp(np.ravel(ready.logp(rows[:, 0], one, {**each, **columns})))


@pytest.mark.parametrize("name", ["categorical", "multinomial", "dirichlet_multinomial"])
def test_draws_of_categories(name):
    ready, p, aux = of_categories(name, 0.0 if name == "categorical" else 4.0)
    drawn = ready.random(np.random.default_rng(8), p, aux)[:, 0]
    if name == "categorical":
        cells = np.arange(1.0, 4.0)[:, None]
        observed = np.array([(drawn == k).sum() for k in cells[:, 0]])
    else:
        cells = np.array([(i, j, 4.0 - i - j) for i in range(5) for j in range(5 - i)])
        observed = np.array([(drawn == cell).all(axis=-1).sum() for cell in cells])
    assert_frequencies(observed, densities(ready, p, aux, cells))


@pytest.mark.parametrize("name", ["dirichlet", "dirichlet2", "logistic_normal"])
def test_draws_of_shares(name):
    """One over the density, over the draws in a region, has the mean of the region's area.

    A bound of six standard errors is passed by chance once in 10^8 or so.
    """
    ready, p, aux = of_categories(name, 0.0)
    drawn = ready.random(np.random.default_rng(9), p, aux)[:, 0]
    for low, high in ((0.15, 0.35), (0.3, 0.45)):
        inside = ((drawn[:, :2] > low) & (drawn[:, :2] < high)).all(axis=1)
        inverse = np.zeros(N)
        inverse[inside] = 1.0 / densities(ready, p, aux, drawn[inside])
        assert inside.sum() > 100
        error = inverse.std() / np.sqrt(N)
        assert abs(inverse.mean() - (high - low) ** 2) < 6 * error


RATED = ("poisson", "negbinomial", "geometric")
MEASURED = ("gaussian", "student")


@pytest.mark.parametrize("name", RATED)
def test_draws_of_counts_with_a_rate(name):
    family, p, aux = given(name, "mu", "log")
    aux = {**aux, "rate": np.array([2.5])}
    ready = family.for_response(np.array([1.0]), None, aux)
    y, observed, shares = drawn_beside_density(ready, p, aux)
    assert_frequencies(observed, shares)
    assert abs(y.mean() - ready.mean(p, aux)[0, 0]) < 6 * y.std() / np.sqrt(N)


@pytest.mark.parametrize("name", MEASURED)
@pytest.mark.parametrize("flags", [frozenset(), frozenset({"se(sigma)"})])
def test_draws_of_responses_with_known_errors(name, flags):
    family, p, aux = given(name, "mu", "identity")
    aux = {**aux, "se": np.array([1.3])}
    ready = family.for_response(np.array([1.0]), None, aux, flags)
    p = p if flags else {**p, "sigma": np.zeros((N, 1))}
    _, observed, shares = drawn_beside_density(ready, p, aux)
    assert_frequencies(observed, shares)


def test_the_tests_can_fail():
    """Draws of a scale that is off by a tenth are found out."""
    family, p, aux = given("gaussian", "sigma", "log")
    y = family.random(np.random.default_rng(5), {**p, "sigma": 1.1 * p["sigma"]}, aux)[:, 0]
    one = {k: v[:1] for k, v in p.items()}
    cells = cells_of(y, lambda at: np.exp(family.logp(at, one, aux)[0]))
    with pytest.raises(AssertionError):
        assert_frequencies(*cells)
