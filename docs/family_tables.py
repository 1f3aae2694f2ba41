"""The tables of families, made from the registry; formulas and sources are here.

A family that has no formula here, or a formula whose family is gone, stops the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from IPython.display import Markdown

from bayesmix.families.family import Dpar, Family
from bayesmix.families.links import LINKS
from bayesmix.families.registry import FAMILIES
from bayesmix.parameters.slots import Slot
from bayesmix.priors.defaults import default_priors

CONTINUOUS = "Johnson, Kotz, Balakrishnan (1994, 1995), *Continuous Univariate Distributions*"
DISCRETE = "Johnson, Kemp, Kotz (2005), *Univariate Discrete Distributions*"
STEPS = "Bürkner, Vuorre (2019), *Adv. Methods Pract. Psychol. Sci.* 2"
INFLATED = "Lambert (1992), *Technometrics* 34"
HURDLE = "Mullahy (1986), *Journal of Econometrics* 33"

OF_ZEROS = r"$\mathrm{{zi}}\,[y = 0] + (1 - \mathrm{{zi}})\, f(y)$, f that of `{}`"
OF_HURDLE = r"$\mathrm{{hu}}$ at 0, above $(1 - \mathrm{{hu}})\, f(y) / (1 - f(0))$, f that of `{}`"
OF_SHARE = r"${0}$ at 0, otherwise $(1 - {0})\, f(y)$, f that of `{1}`"
ZI, HU = r"\mathrm{zi}", r"\mathrm{hu}"
NEGATIVE = (
    r"$\binom{y + \alpha - 1}{y} \left(\frac{\mu}{\mu + \alpha}\right)^y "
    r"\left(\frac{\alpha}{\mu + \alpha}\right)^\alpha$"
)

DENSITIES: dict[str, dict[str, tuple[str, str]]] = {
    "Real numbers": {
        "gaussian": (
            r"$\frac{1}{\sqrt{2\pi}\,\sigma} \exp\left(-\frac{(y - \mu)^2}{2\sigma^2}\right)$",
            f"{CONTINUOUS} 1",
        ),
        "student": (
            r"$\frac{\Gamma((\nu + 1)/2)}{\Gamma(\nu/2) \sqrt{\nu\pi}\,\sigma} \left(1 + "
            r"\frac{(y - \mu)^2}{\nu\sigma^2}\right)^{-(\nu + 1)/2}$",
            f"{CONTINUOUS} 2",
        ),
        "skew_normal": (
            r"$\frac{2}{\omega}\, \phi(z)\, \Phi(\alpha z)$, $z = (y - \xi)/\omega$, $\xi$ and "
            r"$\omega$ such that the mean is $\mu$ and the sd $\sigma$",
            "Azzalini (1985), *Scandinavian Journal of Statistics* 12",
        ),
        "exgaussian": (
            r"$\frac{1}{\beta} \exp\left(\frac{\xi - y}{\beta} + \frac{\sigma^2}{2\beta^2}\right) "
            r"\Phi\left(\frac{y - \xi}{\sigma} - \frac{\sigma}{\beta}\right)$, $\xi = \mu - \beta$",
            "Luce (1986), *Response Times*",
        ),
        "asym_laplace": (
            r"$\frac{q (1 - q)}{\sigma} \exp\left(-u\,(q - [u < 0])\right)$, "
            r"$u = (y - \mu)/\sigma$, q the quantile",
            "Yu, Moyeed (2001), *Statistics & Probability Letters* 54",
        ),
        "zero_inflated_asym_laplace": (
            OF_SHARE.format(ZI, "asym_laplace"),
            "Yu, Moyeed (2001), *Statistics & Probability Letters* 54",
        ),
        "gen_extreme_value": (
            r"$\frac{1}{\sigma} t^{\xi + 1} e^{-t}$, $t = (1 + \xi (y - \mu)/\sigma)^{-1/\xi}$",
            "Coles (2001), *Statistical Modeling of Extreme Values*",
        ),
        "von_mises": (
            r"$\frac{\exp(\kappa \cos(y - \mu))}{2\pi I_0(\kappa)}$, $-\pi \le y \le \pi$",
            "Mardia, Jupp (2000), *Directional Statistics*",
        ),
    },
    "Positive numbers": {
        "lognormal": (
            r"$\frac{1}{\sqrt{2\pi}\,\sigma y} \exp\left(-\frac{(\log y - \mu)^2}"
            r"{2\sigma^2}\right)$",
            f"{CONTINUOUS} 1",
        ),
        "shifted_lognormal": (
            r"that of `lognormal` at $y - \mathrm{ndt}$",
            "Rouder (2005), *Psychometrika* 70",
        ),
        "Gamma": (
            r"$\frac{(\alpha/\mu)^\alpha}{\Gamma(\alpha)} y^{\alpha - 1} e^{-\alpha y/\mu}$, "
            r"$\alpha$ the shape",
            f"{CONTINUOUS} 1",
        ),
        "exponential": (r"$\frac{1}{\mu} e^{-y/\mu}$", f"{CONTINUOUS} 1"),
        "weibull": (
            r"$\frac{\alpha}{s} \left(\frac{y}{s}\right)^{\alpha - 1} e^{-(y/s)^\alpha}$, "
            r"$s = \mu / \Gamma(1 + 1/\alpha)$, $\alpha$ the shape",
            f"{CONTINUOUS} 1",
        ),
        "frechet": (
            r"$\frac{\nu}{s} \left(\frac{y}{s}\right)^{-1 - \nu} e^{-(y/s)^{-\nu}}$, "
            r"$s = \mu / \Gamma(1 - 1/\nu)$",
            f"{CONTINUOUS} 2",
        ),
        "inverse.gaussian": (
            r"$\sqrt{\frac{\alpha}{2\pi y^3}} \exp\left(-\frac{\alpha (y - \mu)^2}{2\mu^2 y}"
            r"\right)$, $\alpha$ the shape",
            f"{CONTINUOUS} 1",
        ),
        "hurdle_gamma": (OF_SHARE.format(HU, "Gamma"), HURDLE),
        "hurdle_lognormal": (OF_SHARE.format(HU, "lognormal"), HURDLE),
    },
    "Times and choices": {
        "wiener": (
            r"$\frac{1}{a^2} e^{-\mu a w - \mu^2 t/2}\, \pi \sum_k k\, e^{-k^2 \pi^2 t / 2a^2} "
            r"\sin(k \pi w)$ at the lower boundary, $t = y - \mathrm{ndt}$, $a = \mathrm{bs}$, "
            r"$w = \mathrm{bias}$; at the upper one $-\mu$ and $1 - w$",
            "Navarro, Fuss (2009), *Journal of Mathematical Psychology* 53",
        ),
        "cox": (
            r"$\mu\, h(y) \exp\left(-\mu \int_0^y h\right)$, $h = \sum_k \mathrm{sbhaz}_k M_k$ of "
            "M-splines",
            "Cox (1972), *JRSS B* 34",
        ),
    },
    "Yes or no, proportions": {
        "bernoulli": (r"$\mu^y (1 - \mu)^{1 - y}$", DISCRETE),
        "binomial": (r"$\binom{n}{y} \mu^y (1 - \mu)^{n - y}$, n the trials", DISCRETE),
        "beta_binomial": (
            r"$\binom{n}{y} \frac{B(y + \mu\varphi,\, n - y + (1 - \mu)\varphi)}{B(\mu\varphi,\, "
            r"(1 - \mu)\varphi)}$",
            DISCRETE,
        ),
        "zero_inflated_binomial": (OF_ZEROS.format("binomial"), INFLATED),
        "zero_inflated_beta_binomial": (OF_ZEROS.format("beta_binomial"), INFLATED),
        "Beta": (
            r"$\frac{y^{\mu\varphi - 1} (1 - y)^{(1 - \mu)\varphi - 1}}{B(\mu\varphi,\, "
            r"(1 - \mu)\varphi)}$",
            "Ferrari, Cribari-Neto (2004), *Journal of Applied Statistics* 31",
        ),
        "xbeta": (
            r"that of $(1 + 2\kappa) B - \kappa$ with B of `Beta`, cut off at 0 and at 1",
            "Kosmidis, Zeileis (2025), *JRSS C*",
        ),
        "zero_inflated_beta": (
            OF_SHARE.format(ZI, "Beta"),
            "Ospina, Ferrari (2010), *Statistical Papers* 51",
        ),
        "zero_one_inflated_beta": (
            r"$\mathrm{zoi}\, (1 - \mathrm{coi})$ at 0, $\mathrm{zoi}\, \mathrm{coi}$ at 1, "
            r"between them $(1 - \mathrm{zoi})\, f(y)$, f that of `Beta`",
            "Ospina, Ferrari (2010), *Statistical Papers* 51",
        ),
    },
    "Counts": {
        "poisson": (r"$\frac{\mu^y e^{-\mu}}{y!}$", DISCRETE),
        "negbinomial": (rf"{NEGATIVE}, $\alpha$ the shape", DISCRETE),
        "negbinomial2": (r"that of `negbinomial` with shape $1/\sigma$", DISCRETE),
        "geometric": (
            r"$\left(\frac{\mu}{1 + \mu}\right)^y \frac{1}{1 + \mu}$",
            DISCRETE,
        ),
        "discrete_weibull": (
            r"$\mu^{y^\alpha} - \mu^{(y + 1)^\alpha}$, $\alpha$ the shape",
            "Nakagawa, Osaki (1975), *IEEE Transactions on Reliability* 24",
        ),
        "com_poisson": (
            r"$\left(\frac{\mu^y}{y!}\right)^\alpha \Big/ \sum_k \left(\frac{\mu^k}{k!}\right)"
            r"^\alpha$, $\alpha$ the shape",
            "Benson, Friel (2021), *Bayesian Analysis* 16",
        ),
        "zero_inflated_poisson": (OF_ZEROS.format("poisson"), INFLATED),
        "zero_inflated_negbinomial": (OF_ZEROS.format("negbinomial"), INFLATED),
        "hurdle_poisson": (OF_HURDLE.format("poisson"), HURDLE),
        "hurdle_negbinomial": (OF_HURDLE.format("negbinomial"), HURDLE),
    },
    "Ordered categories": {
        "cumulative": (
            r"$F(a_k) - F(a_{k - 1})$, $a_k = \mathrm{disc}\,(\tau_k - \mu)$; F the inverse link, "
            r"$\tau_k$ the thresholds",
            "McCullagh (1980), *JRSS B* 42",
        ),
        "hurdle_cumulative": (
            r"$\mathrm{hu}$ at 0, otherwise $1 - \mathrm{hu}$ times that of `cumulative`",
            f"McCullagh (1980), *JRSS B* 42; {HURDLE}",
        ),
        "sratio": (r"$F(a_k) \prod_{j < k} (1 - F(a_j))$", STEPS),
        "cratio": (r"$(1 - F(-a_k)) \prod_{j < k} F(-a_j)$", STEPS),
        "acat": (
            r"proportional to $\prod_{j < k} F(-a_j) \prod_{j \ge k} (1 - F(-a_j))$",
            STEPS,
        ),
    },
    "Categories and shares": {
        "categorical": (
            r"$e^{\mu_k} / \sum_j e^{\mu_j}$, $\mu$ of the reference 0",
            "Agresti (2013), *Categorical Data Analysis*",
        ),
        "multinomial": (
            r"$n! \prod_k p_k^{y_k} / y_k!$, p as of `categorical`",
            "Johnson, Kotz, Balakrishnan (1997), *Discrete Multivariate Distributions*",
        ),
        "dirichlet_multinomial": (
            r"$\frac{n!\, \Gamma(\varphi)}{\Gamma(n + \varphi)} \prod_k \frac{\Gamma(y_k + "
            r"p_k\varphi)}{y_k!\, \Gamma(p_k\varphi)}$, p as of `categorical`",
            "Mosimann (1962), *Biometrika* 49",
        ),
        "dirichlet": (
            r"$\Gamma(\varphi) \prod_k y_k^{p_k\varphi - 1} / \Gamma(p_k\varphi)$, p as of "
            "`categorical`",
            "Kotz, Balakrishnan, Johnson (2000), *Continuous Multivariate Distributions* 1",
        ),
        "dirichlet2": (
            r"$\Gamma(\sum_k \mu_k) \prod_k y_k^{\mu_k - 1} / \Gamma(\mu_k)$",
            "Kotz, Balakrishnan, Johnson (2000), *Continuous Multivariate Distributions* 1",
        ),
        "logistic_normal": (
            r"$N(x;\, \mu, \Sigma) \prod_k y_k^{-1}$, x the $\log(y_k / y_r)$ to the reference r",
            "Aitchison, Shen (1980), *Biometrika* 67",
        ),
    },
}
"""By group and family: the density, or probability, of a response y, and where it comes from.

The last category of sratio and cratio has no factor of its own.
"""

RESPONSES = np.array([1.0, 4.0, 12.0]), np.array([2.0, 6.0, 16.0])
"""On the scale of the link; where the defaults of the two differ, they hang on the response."""

ON_RESPONSE = {
    "student_t": ("3", "m", "s"),
    "uniform": ("0", "min(y)"),
}
"""What stands where a default hangs on the response."""


def families(group: str) -> Markdown:
    """The families of a group."""
    head = ["family", "link of the mean", "other parameters", "density or probability", "source"]
    lines = [_row(head), _row(["---"] * 5)]
    for name, (density, source) in DENSITIES[group].items():
        f = FAMILIES[name]
        others = ", ".join(f"`{d.name}` ({d.link})" for d in f.dpars[1:]) or "–"
        needs = "".join(f" `{n}()`" for n in f.needs)
        called = f"`{name}`" + (f", needs{needs}" if needs else "")
        lines.append(_row([called, f.dpars[0].link, others, density, source]))
    return Markdown("\n".join(lines))


def check() -> None:
    """ValueError unless the formulas are those of the registry's families."""
    described = {name for members in DENSITIES.values() for name in members}
    if described != set(FAMILIES):
        raise ValueError(f"formulas and families differ in {described ^ set(FAMILIES)}")


def parameters() -> Markdown:
    """The parameters beside the mean with their ranges, links and default priors."""
    head = ["parameter", "range", "links", "prior without a formula"]
    lines = [_row([*head, "prior of its formula's intercept", "families"]), _row(["---"] * 6)]
    found: dict[tuple[str, ...], list[str]] = {}
    for f in FAMILIES.values():
        for d in f.dpars[1:]:
            found.setdefault(tuple(_parameter(f, d)), []).append(f"`{f.name}`")
    lines += [_row([*cells, ", ".join(names)]) for cells, names in sorted(found.items())]
    return Markdown("\n".join(lines))


def _parameter(f: Family, d: Dpar) -> Iterator[str]:
    yield f"`{d.name}`"
    yield f"{_number(d.lower)} to {_number(d.upper)}"
    yield _links(d)
    yield str(d.fixed) if d.fixed is not None else _prior(f, Slot(d.name))
    yield _prior(f, Slot("Intercept", dpar=d.name))


def _prior(f: Family, slot: Slot) -> str:
    """A default prior, with letters for what hangs on the response."""
    scale = LINKS["log" if f.log_scale else f.dpars[0].link]
    responses = [scale.inverse(z) for z in RESPONSES]
    one, other = (str(*default_priors(f, y, [slot]).values()) for y in responses)
    if one != other:
        name = one.split("(")[0]
        one = f"{name}({', '.join(_letters(name, one, other))})"
    return f"`{one}`" if one else "flat"


def _letters(name: str, one: str, other: str) -> Iterator[str]:
    """The arguments that two texts agree on, and letters for the others."""
    pairs = zip(*(re.findall(r"[-\d.]+", t.split("(")[1]) for t in (one, other)), strict=True)
    for (a, b), letter in zip(pairs, ON_RESPONSE[name], strict=True):
        yield a if a == b else letter


def links() -> Markdown:
    """The links that the mean may have, by family."""
    found: dict[str, list[str]] = {}
    for f in FAMILIES.values():
        found.setdefault(_links(f.dpars[0]), []).append(f"`{f.name}`")
    lines = [_row(["links of the mean", "families"]), _row(["---"] * 2)]
    lines += [_row([names, ", ".join(members)]) for names, members in found.items()]
    return Markdown("\n".join(lines))


def intercepts() -> Markdown:
    """The default priors of the mean's intercept, by family."""
    found: dict[str, list[str]] = {}
    for f in FAMILIES.values():
        if f.intercept is None:
            found.setdefault(_prior(f, Slot("Intercept")), []).append(f"`{f.name}`")
        else:
            found.setdefault("`student_t(3, 0, 2.5)`", []).append(f"`{f.name}` (thresholds)")
    lines = [_row(["prior", "families"]), _row(["---"] * 2)]
    lines += [_row([prior, ", ".join(names)]) for prior, names in found.items()]
    return Markdown("\n".join(lines))


def _links(d: Dpar) -> str:
    return ", ".join([f"**{d.link}**", *(link for link in d.links if link != d.link)])


def _number(x: float) -> str:
    return f"{x:g}".replace("inf", "∞").replace("-", "−")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
