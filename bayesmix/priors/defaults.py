"""The priors of a model for which the user states none: brms's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bayesmix.families.family import Family
from bayesmix.parameters.slots import Slot, dpar_key
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.parsing import parse_distribution
from bayesmix.priors.prior import CORRELATIONS
from bayesmix.priors.rounding import format_number, round_as_r

if TYPE_CHECKING:
    from bayesmix.design import VarianceFunction

__all__ = ["default_priors", "of_distances", "of_variances", "on_link"]

_LEAST_SCALE = 2.5
_MAD_OF_NORMAL = 1.4826

_LINKS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {
        "identity": lambda y: y,
        "log": np.log,
        "inverse": lambda y: 1.0 / y,
        "sqrt": np.sqrt,
        "1/mu^2": lambda y: 1.0 / y**2,
    }
)
"""The links under which a default prior looks at the response."""

_WITHOUT_ZERO = ("log", "inverse", "1/mu^2")

_NATURAL: Mapping[str, str] = MappingProxyType(
    {
        "shape": "gamma(0.01, 0.01)",
        "phi": "gamma(0.01, 0.01)",
        "nu": "gamma(2, 0.1)",
        "df": "gamma(2, 0.1)",
        "kappa": "gamma(2, 0.01)",
        "beta": "gamma(1, 0.1)",
        "zi": "beta(1, 1)",
        "hu": "beta(1, 1)",
        "zoi": "beta(1, 1)",
        "coi": "beta(1, 1)",
        "bias": "beta(1, 1)",
        "quantile": "beta(1, 1)",
        "bs": "gamma(1, 1)",
        "xi": "normal(0, 2.5)",
        "alpha": "normal(0, 4)",
        "disc": "lognormal(0, 1)",
        "sbhaz": "dirichlet(1)",
        "rhocar": "beta(1, 1)",
        "theta": "dirichlet(1)",
    }
)
"""A parameter without a formula, or the intercept of one with an identity link."""

_NATURAL_OF: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (family, "shape"): "inv_gamma(0.4, 0.3)"
        for family in ("negbinomial", "zero_inflated_negbinomial", "hurdle_negbinomial")
    }
)
"""What differs from `_NATURAL`, by family."""

_LINKED: Mapping[str, str] = MappingProxyType(
    {
        "shape": "student_t(3, 0, 2.5)",
        "phi": "student_t(3, 0, 2.5)",
        "nu": "normal(2.7, 0.8)",
        "kappa": "normal(5, 0.8)",
        "beta": "normal(1.7, 1.3)",
        "zi": "logistic(0, 1)",
        "hu": "logistic(0, 1)",
        "zoi": "logistic(0, 1)",
        "coi": "logistic(0, 1)",
        "bias": "logistic(0, 1)",
        "quantile": "logistic(0, 1)",
        "theta": "logistic(0, 1)",
        "bs": "normal(-0.6, 1.3)",
        "xi": "normal(0, 4)",
        "alpha": "normal(0, 4)",
        "disc": "normal(0, 1)",
    }
)
"""The intercept of a parameter's formula, on the scale of its link."""


def default_priors(
    family: Family,
    y: ArrayLike,
    slots: Iterable[Slot],
    offset_means: Mapping[str, float] | None = None,
) -> dict[tuple[str, str], Distribution]:
    """The default prior of every class of parameters, as brms chooses it.

    Intercept, standard deviations and sigma get a Student t with 3 degrees of freedom. Its scale
    is the median absolute deviation of the response on the scale of the link, but at least 2.5;
    the intercept's is centred on the median less the mean offset. Links other than identity, log,
    inverse, sqrt and 1/mu^2 don't look at the response. Population coefficients are flat,
    correlation matrices uniform.

    Parameters
    ----------
    family : Family
        With the links in use.
    y : array_like
        The response as modelled, without missing values; counts of a binomial, not proportions.
    slots : iterable of Slot
        The parameters. A dpar with an ``Intercept`` slot has a formula, one that is a class of its
        own hasn't.
    offset_means : mapping, optional
        By dpar the mean of its offsets, where it has any. (A rate's denominator is none.)

    Returns
    -------
    dict
        Class and dpar (``""`` for ``mu``) to distribution. A parameter that brms says nothing
        about is flat.

    References
    ----------
    brms's ``default_prior``: https://paulbuerkner.com/brms/reference/default_prior.html

    Examples
    --------
    >>> from bayesmix.families.registry import family
    >>> slots = [Slot("Intercept"), Slot("sd", group="g", coef="Intercept"), Slot("sigma", lower=0)]
    >>> for key, prior in default_priors(family("gaussian"), [1, 7, 9, 30], slots).items():
    ...     print(key, prior)
    ('Intercept', '') student_t(3, 8, 5.9)
    ('sd', '') student_t(3, 0, 5.9)
    ('sigma', '') student_t(3, 0, 5.9)
    """
    y = np.asarray(y)
    offsets = offset_means or {}
    keys = dict.fromkeys((s.class_, s.dpar) for s in slots)
    texts = {k: _default(*k, family, y, offsets.get(k[1] or "mu", 0.0)) for k in keys}
    return {key: parse_distribution(text) for key, text in texts.items()}


def of_variances(
    functions: Iterable[VarianceFunction],
) -> dict[tuple[str, str], Distribution]:
    """The default priors of variance functions, which brms doesn't have.

    A power is ``normal(0, 1)``. With s the mean size of the covariate, a rate is ``normal(0, 1 /
    s)``, so that the scale changes about e-fold over it, and a constant ``student_t(3, 0, s)``: as
    large as what it is added to. Of several covariates of one predictor the largest s counts.

    Parameters
    ----------
    functions : iterable of VarianceFunction

    Returns
    -------
    dict
        Class and dpar to distribution.
    """
    sizes: dict[tuple[str, str], float] = {}
    for f in functions:
        for what in f.names:
            key = (what, f.target.dpar)
            sizes[key] = max(f.size, sizes.get(key, 0.0))
    return {key: parse_distribution(_of_size(key[0], s)) for key, s in sizes.items()}


def of_distances(usual: float) -> dict[tuple[str, str], Distribution]:
    """The default priors of correlations between places, which brms doesn't have.

    The range, at which correlations have gone down to 1/e or so, is lognormal around half the
    usual distance, within a factor of 7 or so either way; the nugget is uniform.

    Parameters
    ----------
    usual : float
        The median distance between rows of a group.

    Returns
    -------
    dict
        Class and dpar to distribution.
    """
    location = f"{float(f'{np.log(0.5 * usual):.2g}'):g}"
    texts = {"range": f"lognormal({location}, 1)", "nugget": "beta(1, 1)"}
    return {(class_, ""): parse_distribution(text) for class_, text in texts.items()}


def _of_size(what: str, size: float) -> str:
    if what == "power":
        return "normal(0, 1)"
    if what == "expon":
        return f"normal(0, {float(f'{1 / size:.2g}'):g})"
    return f"student_t(3, 0, {float(f'{size:.2g}'):g})"


def _default(class_: str, dpar: str, family: Family, y: np.ndarray, offset: float) -> str:
    if class_ in ("b", "meanme", "sdme"):
        return ""
    if class_ in CORRELATIONS:
        return "lkj(1)"
    if class_ in ("sd", "sds", "sdgp", "sdcar", "sderr"):
        return _student(0.0, _scale(y, _response_link(family)))
    if family.parts:
        return _of_component(class_, dpar, family, y, offset)
    if class_ == "Intercept" and dpar in family.main and family.main_outcome is not None:
        return _student(0.0, _LEAST_SCALE)
    if class_ != "Intercept":
        return _natural(class_, family, y)
    if not dpar and family.name == "von_mises":
        return "student_t(1, 0, 1)"
    if not dpar:
        link = _response_link(family)
        return _student(_location(y, link, offset), _scale(y, link))
    return _intercept_of(dpar, family, y)


def _of_component(class_: str, dpar: str, family: Family, y: np.ndarray, offset: float) -> str:
    """That of the family of a mixture's component; of the components' shares."""
    name, part = family.base_of(dpar or class_)
    if part is not family:
        return _default(*((class_, dpar_key(name)) if dpar else (name, "")), part, y, offset)
    return _NATURAL["theta"] if class_ == "theta" else _LINKED["theta"]


def _intercept_of(dpar: str, family: Family, y: np.ndarray) -> str:
    """The intercept of the formula of a dpar other than mu."""
    link = family.dpar(dpar).link
    if link == "identity" or _of_log_ratios(dpar, family):
        return _natural(dpar, family, y)
    if dpar == "sigma":
        return _student(0.0, _scale(y, link))
    return _LINKED.get(dpar, "")


def _of_log_ratios(dpar: str, family: Family) -> bool:
    """Whether it is a standard deviation of one category's log ratio."""
    return family.main_outcome is not None and dpar.startswith("sigma")


def _natural(dpar: str, family: Family, y: np.ndarray) -> str:
    if _of_log_ratios(dpar, family):
        return _student(0.0, _LEAST_SCALE)
    if dpar == "sigma":
        return _student(0.0, _scale(y, "log" if family.log_scale else "identity"))
    if dpar == "ndt":
        return f"uniform(0, {format_number(float(np.min(y)))})"
    return _NATURAL_OF.get((family.name, dpar), _NATURAL.get(dpar, ""))


def _response_link(family: Family) -> str:
    if family.parts:
        return "identity"
    return "log" if family.log_scale else family.dpar(family.main[0]).link


def _student(location: float, scale: float) -> str:
    return f"student_t(3, {format_number(location)}, {format_number(scale)})"


def _scale(y: np.ndarray, link: str) -> float:
    z = on_link(y, link)
    if z is None:
        return _LEAST_SCALE
    mad = round_as_r(_MAD_OF_NORMAL * float(np.median(np.abs(z - np.median(z)))))
    return max(_LEAST_SCALE, mad) if np.isfinite(mad) else _LEAST_SCALE


def _location(y: np.ndarray, link: str, offset: float) -> float:
    z = on_link(y, link)
    if z is None:
        return 0.0
    median = round_as_r(float(np.median(z)))
    return (median if np.isfinite(median) else 0.0) - offset


LEAST_STEP = 0.1
"""Between the intercepts in increasing order with which chains begin."""


def increasing_start(y: np.ndarray, family: Family) -> np.ndarray:
    """Where intercepts in increasing order begin: quantiles of the response, on links' scales."""
    count = len(family.main)
    shares = (np.arange(count) + 0.5) / count
    z = [on_link(y, family.dpar(d).link) for d in family.main]
    if any(values is None for values in z):
        return np.linspace(-1.0, 1.0, count)
    start = np.array([np.quantile(v, q) for v, q in zip(z, shares, strict=True)])
    steps = np.maximum(np.diff(start), LEAST_STEP)
    return start[0] + np.concatenate([[0.0], np.cumsum(steps)])


def on_link(y: np.ndarray, link: str) -> np.ndarray | None:
    """The response on the link's scale; None where a default doesn't look at it."""
    if link not in _LINKS or y.dtype.kind not in "iuf":
        return None
    z = y.astype(float)
    if link in _WITHOUT_ZERO:
        z = np.where(z == 0, 0.1, z)
    with np.errstate(invalid="ignore"):
        return _LINKS[link](z)
