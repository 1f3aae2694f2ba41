"""A prior as the user states it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from bayesmix.errors import PriorError, did_you_mean, listed
from bayesmix.parameters.slots import dpar_key
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.parsing import parse_distribution
from bayesmix.priors.preliz import from_preliz, is_preliz
from bayesmix.priors.rounding import format_number
from bayesmix.priors.shrinkage import Shrinkage

__all__ = ["Prior", "prior"]

FIELDS = ("coef", "group", "dpar", "resp")
"""What a prior may name beside its class."""

_FIELDS = {
    "b": ("coef", "dpar", "resp"),
    "Intercept": ("coef", "group", "dpar", "resp"),
    "sd": ("coef", "group", "dpar", "resp"),
    "cor": ("group",),
    "rescor": (),
    "df": ("group",),
    **dict.fromkeys(
        ("power", "expon", "const", "sds", "simo", "sdgp", "lscale"), ("coef", "dpar", "resp")
    ),
    **dict.fromkeys(("sdcar", "car", "rhocar"), ("dpar", "resp")),
    **dict.fromkeys(
        ("lncor", "cortime", "ar", "ma", "cosy", "car1", "range", "nugget", "sderr"), ("resp",)
    ),
    **dict.fromkeys(("meanme", "sdme"), ("coef",)),
    "corme": ("group",),
}
"""By class what else a prior may name."""


OWN = ("resp",)
"""What a prior may name of classes that aren't listed: parameters without a formula."""

CORRELATIONS = ("cor", "rescor", "lncor", "cortime", "corme")
"""The classes that lkj is for."""

SHRUNK = ("b", "sd")
"""The classes that horseshoe and R2D2 are for."""


@dataclass(frozen=True, repr=False)
class Prior:
    """A distribution and bounds, and the parameters they are for; made by `prior`.

    Parameters
    ----------
    distribution : Distribution or Shrinkage
        ``FLAT`` where only bounds were given.
    class_, coef, group, dpar, resp : str
        What it is for; ``""`` is all of them, and ``dpar=""`` is ``mu``.
    lb, ub : float or None
        Bounds on the parameter's own scale.

    References
    ----------
    brms's ``set_prior``: https://paulbuerkner.com/brms/reference/set_prior.html

    Examples
    --------
    >>> import bayesmix as bx
    >>> half = bx.prior("normal(0, 1)", "b", coef="x", lb=0)
    >>> half.coef, half.lb
    ('x', 0.0)
    """

    distribution: Distribution | Shrinkage
    class_: str = "b"
    coef: str = ""
    group: str = ""
    dpar: str = ""
    lb: float | None = None
    ub: float | None = None
    resp: str = ""

    @property
    def only_bounds(self) -> bool:
        """Whether the distribution is left to a less specific row."""
        return not self.distribution.proper and (self.lb is not None or self.ub is not None)

    def on(self, rows: int) -> Prior:
        """The same with what hangs on the number of rows worked out."""
        if not isinstance(self.distribution, Shrinkage):
            return self
        return replace(self, distribution=self.distribution.on(rows))

    def __repr__(self) -> str:
        """As it is written."""
        named = [f"{k}={v!r}" for k in FIELDS if (v := getattr(self, k))]
        bounds = [
            f"{k}={format_number(v)}" for k in ("lb", "ub") if (v := getattr(self, k)) is not None
        ]
        parts = [f'"{self.distribution}"', f'"{self.class_}"', *named, *bounds]
        return f"prior({', '.join(parts)})"


def prior(
    prior: Any = "",
    class_: str = "b",
    coef: str = "",
    group: str = "",
    dpar: str = "",
    lb: float | None = None,
    ub: float | None = None,
    nlpar: str = "",
    resp: str = "",
    **others: Any,
) -> Prior:
    """A prior for the parameters of a class, or of one coefficient or group of it.

    Parameters
    ----------
    prior : str or preliz distribution
        A distribution of Stan with plain numbers, ``"student_t(3, 0, 10)"``; ``"constant(2)"``
        fixes the parameter, `Horseshoe` (``"horseshoe(par_ratio=0.1)"``) and `R2D2` shrink all of a
        class together. ``""`` is flat (for the classes ``b`` and ``Intercept``); with bounds
        it leaves the distribution to the less specific prior. A half or truncated distribution of
        PreliZ has its bounds with it.
    class_ : str
        ``"b"`` (population coefficients), ``"Intercept"`` (of the *centred* predictors), ``"sd"``,
        ``"cor"``, the parameters of variance functions (``"power"``, ``"expon"``, ``"const"``),
        those of true values (``"meanme"``, ``"sdme"``, ``"corme"``), or a distributional parameter
        without a formula such as ``"sigma"``.
    coef : str
        A coefficient, as the package names it (``"Machine[B]"``) or as R does (``"MachineB"``); of
        a variance function the covariate.
    group : str
        A grouping factor, for ``sd``, ``cor`` and ``df``.
    dpar : str
        The distributional parameter whose formula it is; ``""`` is ``mu``.
    lb, ub : float, optional
        Bounds on the parameter's own scale; the density is renormalised between them.
    nlpar : str
        The nonlinear parameter whose formula it is; the same as `dpar`.
    resp : str
        The response, of a model that has several; ``""`` is for all that have no prior of their
        own.
    **others
        ``class``, which is no name in Python, as ``**{"class": "sd"}``.

    Returns
    -------
    Prior

    Raises
    ------
    PriorError
        If the text can't be read, or the rest doesn't go together.

    References
    ----------
    brms's ``set_prior``: https://paulbuerkner.com/brms/reference/set_prior.html

    Examples
    --------
    >>> print(prior("normal(0,20)", "b"))
    prior("normal(0, 20)", "b")
    >>> print(prior("gamma(2, 0.5)", "sd", coef="MachineC", group="Worker"))
    prior("gamma(2, 0.5)", "sd", coef='MachineC', group='Worker')
    """
    class_ = _class_of(class_, others)
    if is_preliz(prior):
        prior, lower, upper = from_preliz(prior)
        lb, ub = lower if lb is None else lb, upper if ub is None else ub
    made = Prior(
        prior if isinstance(prior, Distribution) else parse_distribution(prior),
        _text("class", class_),
        _text("coef", coef),
        _text("group", group),
        dpar_key(_of_formula(dpar, nlpar)),
        _bound("lb", lb),
        _bound("ub", ub),
        _text("resp", resp),
    )
    for check in (
        _check_class,
        _check_fields,
        _check_flat,
        _check_lkj,
        _check_shrinkage,
        _check_bounds,
    ):
        check(made)
    return made


def _class_of(class_: str, others: dict[str, Any]) -> str:
    others = dict(others)
    class_ = others.pop("class", class_)
    for name in others:
        known = ("prior", "class", "coef", "group", "dpar", "lb", "ub", "nlpar", "resp")
        hint = " It is not supported yet." if name == "tag" else ""
        raise PriorError(
            f"prior() has no argument {name!r}.{hint or did_you_mean(name, known)} "
            f"It takes {', '.join(known)}."
        )
    return class_


def _of_formula(dpar: Any, nlpar: Any) -> str:
    dpar, nlpar = _text("dpar", dpar), _text("nlpar", nlpar)
    if dpar and nlpar:
        raise PriorError("A prior is for the formula of one parameter: give dpar= or nlpar=.")
    return dpar or nlpar


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PriorError(f"{name}= of a prior must be a string, not {value!r}.")
    return value.strip()


def _bound(name: str, value: Any) -> float | None:
    """A bound as a number; brms writes them as strings, ``""`` for none."""
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise PriorError(f"{name}= of a prior must be a number, not {value!r}.")
    return None if number == (-math.inf if name == "lb" else math.inf) else number


def _check_class(prior: Prior) -> None:
    if not prior.class_.isidentifier():
        raise PriorError(
            f"{prior.class_!r} is no class of parameters. Write 'b', 'Intercept', 'sd', 'cor' or "
            "a distributional parameter such as 'sigma'."
        )


def _check_fields(prior: Prior) -> None:
    allowed = _FIELDS.get(prior.class_, OWN)
    for name in FIELDS:
        if getattr(prior, name) and name not in allowed:
            raise PriorError(
                f"{prior}: class {prior.class_!r} has no {name}.{_instead(prior, name)}"
            )
    if prior.class_ == "sd" and prior.coef and not prior.group:
        raise PriorError(f"{prior}: a coef of class 'sd' needs its group=.")


def _instead(prior: Prior, name: str) -> str:
    if name == "dpar" and prior.class_ not in _FIELDS:
        return (
            f" A parameter without a formula is its own class, prior(…, {prior.class_!r}); for one "
            f"with a formula write class 'b', 'Intercept' or 'sd' and dpar={prior.dpar!r}."
        )
    if name == "group" and prior.class_ == "b":
        return " Did you mean class 'sd' or 'cor'?"
    return ""


def _check_flat(prior: Prior) -> None:
    if prior.distribution.proper or prior.only_bounds:
        return
    if prior.coef or prior.group:
        raise PriorError(f"{prior} says nothing: give it a distribution or bounds.")
    if prior.class_ not in ("b", "Intercept"):
        raise PriorError(
            f"{prior}: a flat prior is for the classes 'b' and 'Intercept'; give "
            f"{prior.class_!r} a distribution."
        )


def _check_lkj(prior: Prior) -> None:
    is_lkj = prior.distribution.name == "lkj"
    if is_lkj and prior.class_ not in CORRELATIONS:
        raise PriorError(f"{prior}: lkj is for correlations, class 'cor', not {prior.class_!r}.")
    if prior.class_ in CORRELATIONS and not is_lkj:
        raise PriorError(f"{prior}: a correlation's prior is 'lkj(eta)' and nothing else.")
    if prior.class_ in CORRELATIONS and (prior.lb is not None or prior.ub is not None):
        raise PriorError(f"{prior}: correlations take no lb or ub.")


def _check_shrinkage(prior: Prior) -> None:
    if not isinstance(prior.distribution, Shrinkage):
        return
    name = prior.distribution.name
    if prior.class_ not in SHRUNK:
        raise PriorError(f"{prior}: {name} is for the classes {listed(SHRUNK)}.")
    if prior.coef or prior.group:
        raise PriorError(f"{prior}: {name} is for a whole class; leave coef= and group= out.")
    if prior.lb is not None or prior.ub is not None:
        raise PriorError(f"{prior}: what {name} shrinks takes no lb or ub.")


def _check_bounds(prior: Prior) -> None:
    lower = -math.inf if prior.lb is None else prior.lb
    upper = math.inf if prior.ub is None else prior.ub
    if lower >= upper:
        raise PriorError(f"{prior}: lb must be below ub.")
    low, high = prior.distribution.support
    if prior.distribution.fixed:
        if not lower <= low <= upper:
            raise PriorError(f"{prior}: the constant is outside its bounds.")
    elif max(lower, low) >= min(upper, high):
        raise PriorError(
            f"{prior}: nothing is left between the bounds, for {prior.distribution} lies between "
            f"{format_number(low)} and {format_number(high)}."
        )
