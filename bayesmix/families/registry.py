"""The families there are, and the lookup by name.

A new family is one file that exports ``FAMILY``, and one line in ``FAMILIES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bayesmix.errors import FamilyError, did_you_mean, listed
from bayesmix.families import (
    asym_laplace,
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    categorical,
    com_poisson,
    cox,
    cumulative,
    dirichlet,
    discrete_weibull,
    exgaussian,
    exponential,
    frechet,
    gamma,
    gaussian,
    gen_extreme_value,
    geometric,
    hurdle_cumulative,
    inverse_gaussian,
    logistic_normal,
    lognormal,
    multinomial,
    negbinomial,
    negbinomial2,
    poisson,
    shifted_lognormal,
    skew_normal,
    stepwise,
    student,
    von_mises,
    weibull,
    wiener,
    xbeta,
    zero_one,
    zeros,
)
from bayesmix.families.family import Family

__all__ = ["FAMILIES", "family"]

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        found.name: found
        for found in (
            gaussian.FAMILY,
            student.FAMILY,
            skew_normal.FAMILY,
            exgaussian.FAMILY,
            asym_laplace.FAMILY,
            gen_extreme_value.FAMILY,
            von_mises.FAMILY,
            lognormal.FAMILY,
            shifted_lognormal.FAMILY,
            gamma.FAMILY,
            exponential.FAMILY,
            weibull.FAMILY,
            frechet.FAMILY,
            inverse_gaussian.FAMILY,
            wiener.FAMILY,
            cox.FAMILY,
            bernoulli.FAMILY,
            binomial.FAMILY,
            beta_binomial.FAMILY,
            beta.FAMILY,
            xbeta.FAMILY,
            poisson.FAMILY,
            negbinomial.FAMILY,
            negbinomial2.FAMILY,
            geometric.FAMILY,
            discrete_weibull.FAMILY,
            com_poisson.FAMILY,
            *zeros.FAMILIES,
            zero_one.FAMILY,
            cumulative.FAMILY,
            hurdle_cumulative.FAMILY,
            *stepwise.FAMILIES,
            categorical.FAMILY,
            *multinomial.FAMILIES,
            *dirichlet.FAMILIES,
            logistic_normal.FAMILY,
        )
    }
)
"""Every family, by brms's name."""

ELSEWHERE = MappingProxyType(
    {
        "normal": "gaussian",
        "ordinal": "cumulative",
        "ordered": "cumulative",
        "zip": "zero_inflated_poisson",
        "zinb": "zero_inflated_negbinomial",
        "t": "student",
        "student_t": "student",
        "negative_binomial": "negbinomial",
        "neg_binomial": "negbinomial",
        "nb": "negbinomial",
        "logistic": "bernoulli",
        "binary": "bernoulli",
    }
)
"""What other packages call them; used in hints only."""

ALIASES = MappingProxyType({"gamma": "Gamma", "beta": "Beta"})
"""How brms writes the names of two families as text; its functions have the capitals."""

LINK_PREFIX = "link_"


def family(name: str | Family, link: str | None = None, **options: Any) -> Family:
    """A response distribution, by brms's name.

    Parameters
    ----------
    name : str or Family
        One of `FAMILIES`, ``"gaussian"`` or ``"poisson"`` say; a `Family` is taken as it is.
    link : str, optional
        The link of the mean; the family's default if not given.
    **options
        Links of the other parameters, as ``link_sigma="identity"``; a link counts only where the
        parameter has a formula. And what else a family can be told: ``threshold`` of ordered
        categories.

    Returns
    -------
    Family

    Raises
    ------
    FamilyError
        If there is no such family, parameter, link or option.

    References
    ----------
    brms: ``brmsfamily``, https://paulbuerkner.com/brms/reference/brmsfamily.html

    Examples
    --------
    >>> family("bernoulli", link="probit").link("mu").name
    'probit'
    >>> family("student", link_sigma="identity").dpar_names
    ('mu', 'sigma', 'nu')
    >>> family("cumulative", threshold="equidistant")
    <family cumulative (mu: logit, disc: log, threshold='equidistant')>
    """
    found = name if isinstance(name, Family) else _named(name)
    if link is not None:
        found = found.with_link("mu", link)
    own = {o.name for o in found.options}
    for key, value in options.items():
        if key in own:
            found = found.with_option(key, value)
        else:
            found = found.with_link(_dpar(key, found), value)
    return found


def _named(name: Any) -> Family:
    if not isinstance(name, str):
        raise FamilyError(
            f"A family is given by its name or as bx.family(…), not as {type(name).__name__}."
        )
    name = ALIASES.get(name, name)
    if name in FAMILIES:
        return FAMILIES[name]
    raise FamilyError(f"There is no family {name!r}.{_hint(name)} There is {listed(FAMILIES)}.")


def _hint(name: str) -> str:
    there = ELSEWHERE.get(name.casefold().replace("-", "_").replace(" ", "_"))
    return f" Did you mean {there!r}?" if there else did_you_mean(name, FAMILIES)


def _dpar(key: str, found: Family) -> str:
    """The parameter that an argument such as ``link_sigma`` is about."""
    if key.startswith(LINK_PREFIX):
        return key.removeprefix(LINK_PREFIX)
    takes = ["link", *(LINK_PREFIX + name for name in found.dpar_names[1:])]
    takes += [o.name for o in found.options]
    raise FamilyError(
        f"family() takes no argument {key!r}; for family {found.name!r} it takes {listed(takes)}."
    )
