"""Families of the user's own: one formula for the log density, and functions of plain arrays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError, PredictionError, did_you_mean, listed
from bayesmix.families.derived import DerivedRow, UntraceableError, derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family
from bayesmix.families.links import LINKS
from bayesmix.families.maths import Maths
from bayesmix.families.support import check_finite, require

__all__ = ["custom_family"]

TERMS = ("trials", "vreal", "vint")
"""Addition terms whose values functions can ask for; the latter two with a number."""

Bounds = float | Sequence[float | None] | None


def custom_family(
    name: str,
    dpars: str | Sequence[str] = "mu",
    links: str | Sequence[str] = "identity",
    *,
    density: Callable[..., Any],
    mean: Callable[..., Any] | None = None,
    random: Callable[..., Any] | None = None,
    log_cdf: Callable[..., Any] | None = None,
    log_sf: Callable[..., Any] | None = None,
    type: str = "real",
    lb: Bounds = None,
    ub: Bounds = None,
    support: tuple[float, float] = (-np.inf, np.inf),
) -> Family:
    """A family of your own, from a formula for its log density.

    The formula is evaluated with numpy for predictions, becomes a PyMC model, and, differentiated
    by rule, a kernel of the engine: models of it start at once and sample as fast as others.

    Parameters
    ----------
    name : str
    dpars : str or sequence of str
        Names of its parameters, ``"mu"`` first.
    links : str or sequence of str
        Of each parameter, where it has a formula.
    density : callable
        ``density(y, mu, sigma, m)``: the log density (or probability) of a response. Its arguments
        are named: ``y``, parameters on their natural scale, ``m``, and values of addition terms
        (``trials``; ``vreal1``, ``vint1``, … of ``y | vreal(a, b) + vint(n) ~ …``). It is written
        in operators and the functions of `m`, which has ``exp``, ``expm1``, ``log``, ``log1p``,
        ``sqrt``, ``abs``, ``maximum``, ``minimum``, ``where``, ``arctan``, ``gammaln``, ``ndtr``,
        ``log_ndtr``, ``sigmoid``, ``softplus`` and others; ``m.where(c, a, b)`` is its ``if``.
    mean : callable, optional
        ``mean(mu, sigma)``: the expected response, for ``posterior_epred``; of arrays.
    random : callable, optional
        ``random(rng, mu, sigma)``: responses, one for each element of the arrays, drawn with a
        `numpy.random.Generator`; for ``posterior_predict``.
    log_cdf, log_sf : callable, optional
        As `density`: log of the probability of at most `y`, and of more; for ``cens()``.
    type : str
        ``"real"`` or ``"int"``.
    lb, ub : float or sequence, optional
        Bounds of the parameters, None for none; -inf where a value is beyond them.
    support : (float, float)
        Least and largest possible response, inclusive.

    Returns
    -------
    Family

    Raises
    ------
    FamilyError
        If the parts don't fit together, or the formula can't be read.

    References
    ----------
    brms: ``custom_family``, https://paulbuerkner.com/brms/reference/custom_family.html

    Examples
    --------
    >>> import numpy as np
    >>> laplace = custom_family(
    ...     "laplace",
    ...     dpars=["mu", "scale"],
    ...     links=["identity", "log"],
    ...     lb=[None, 0],
    ...     density=lambda y, mu, scale, m: -m.abs(y - mu) / scale - m.log(2 * scale),
    ...     mean=lambda mu: mu,
    ...     random=lambda rng, mu, scale: rng.laplace(mu, scale),
    ... )
    >>> laplace
    <family laplace (mu: identity, scale: log)>
    >>> float(laplace.logp(np.array([1.0]), {"mu": 0.0, "scale": 0.5}, {})[0])
    -2.0
    """
    _check_name(name, type)
    declared = _dpars(dpars, links, lb, ub)
    made = Custom(name, declared, density, mean, random, log_cdf, log_sf)
    terms = made.terms
    return Family(
        name=name,
        dpars=declared,
        check=CustomCheck(name, type == "int", *map(float, support)),
        density=made.density,
        mean=made.mean,
        random=made.random,
        discrete=type == "int",
        needs=_additions(terms),
        mean_needs=_additions(made.asked(mean)),
        log_cdf=None if log_cdf is None else made.log_cdf,
        log_sf=None if log_sf is None else made.log_sf,
        row=_row(made, terms),
        custom=True,
    )


def _additions(terms: tuple[str, ...]) -> tuple[str, ...]:
    """The addition terms that have these values."""
    return tuple(dict.fromkeys(t.rstrip("0123456789") for t in terms))


@dataclass(frozen=True)
class Custom:
    """What a custom family computes; the functions are the user's."""

    name: str
    dpars: tuple[Dpar, ...]
    given_density: Callable[..., Any]
    given_mean: Callable[..., Any] | None
    given_random: Callable[..., Any] | None
    given_log_cdf: Callable[..., Any] | None
    given_log_sf: Callable[..., Any] | None

    @property
    def terms(self) -> tuple[str, ...]:
        """The addition terms' values that the functions ask for."""
        functions = (self.given_density, self.given_mean, self.given_random, self.given_log_cdf)
        return self.asked(*functions)

    def asked(self, *functions: Callable[..., Any] | None) -> tuple[str, ...]:
        """Those that some of the functions ask for."""
        known = {"y", "m", "rng", *(d.name for d in self.dpars)}
        asked = [n for f in functions if f is not None for n in self._names(f) if n not in known]
        return tuple(dict.fromkeys(asked))

    def density(self, y: Any, p: Mapping[str, Any], aux: Mapping[str, Any], m: Maths) -> Any:
        return self._within(self.given_density, y, p, aux, m)

    def log_cdf(self, y: Any, p: Mapping[str, Any], aux: Mapping[str, Any], m: Maths) -> Any:
        return self._within(self.given_log_cdf, y, p, aux, m)

    def log_sf(self, y: Any, p: Mapping[str, Any], aux: Mapping[str, Any], m: Maths) -> Any:
        return self._within(self.given_log_sf, y, p, aux, m)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        self._require("mean", self.given_mean, "expectations")
        return self._call(self.given_mean, {**p, **aux})

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        self._require("random", self.given_random, "responses")
        shape = np.broadcast_shapes(*(np.shape(v) for v in (*p.values(), *aux.values())))
        full = {k: np.broadcast_to(v, shape) for k, v in {**p, **aux}.items()}
        drawn = np.asarray(self._call(self.given_random, {"rng": rng, **full}))
        if drawn.shape != shape:
            raise PredictionError(
                f"random() of family {self.name!r} made responses of shape {drawn.shape} from "
                f"parameters of shape {shape}; it must make one for each."
            )
        return drawn

    def _within(
        self, function: Callable[..., Any], y: Any, p: Mapping[str, Any], aux: Any, m: Maths
    ) -> Any:
        """A formula, -inf where a parameter is beyond its bounds."""
        values = self._call(function, {"y": y, "m": m, **p, **aux})
        for d in self.dpars:
            for bound, sign in ((d.lower, 1.0), (d.upper, -1.0)):
                if np.isfinite(bound):
                    values = m.where(sign * (p[d.name] - bound) >= 0, values, -np.inf)
        return values

    def _call(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        return function(**{n: values[n] for n in self._names(function)})

    def _names(self, function: Callable[..., Any]) -> tuple[str, ...]:
        """What a function asks for; FamilyError if there is no such thing."""
        names = tuple(inspect.signature(function).parameters)
        dpars = [d.name for d in self.dpars]
        for n in names:
            term = n.rstrip("0123456789")
            if n not in ("y", "m", "rng", *dpars) and term not in TERMS:
                known = ["y", *dpars, "m", *TERMS[:1], "vreal1", "vint1"]
                raise FamilyError(
                    f"A function of family {self.name!r} asks for {n!r}, which is neither a "
                    f"parameter nor the value of an addition term.{did_you_mean(n, known)} "
                    f"There is {listed(known)}."
                )
        return names

    def _require(self, what: str, function: Any, made: str) -> None:
        if function is None:
            raise PredictionError(
                f"Family {self.name!r} was made without {what}=, which {made} need; give it to "
                "custom_family()."
            )


@dataclass(frozen=True)
class CustomCheck:
    """The check of responses of a custom family."""

    family: str
    whole: bool
    least: float
    largest: float

    def __call__(self, y: Any, aux: Any, labels: Sequence[Any] | None = None) -> None:
        what = f"the response of family {self.family!r}"
        y = check_finite(y, what, labels)
        if self.whole:
            require(y == np.floor(y), y, f"{what} must be whole numbers.", labels)
        inside = (y >= self.least) & (y <= self.largest)
        rule = f"{what} must lie between {self.least:g} and {self.largest:g}."
        require(inside, y, rule, labels)


def _check_name(name: Any, type: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise FamilyError(f"The name of a family is a word, not {name!r}.")
    if type not in ("real", "int"):
        raise FamilyError(f'type= is "real" or "int", not {type!r}.')


def _dpars(dpars: Any, links: Any, lb: Bounds, ub: Bounds) -> tuple[Dpar, ...]:
    names = [dpars] if isinstance(dpars, str) else list(dpars)
    if not names or names[0] != "mu":
        raise FamilyError(f"The first parameter of a family is called 'mu'; dpars= is {dpars!r}.")
    for n in names:
        if not isinstance(n, str) or not n.isidentifier() or n in ("y", "m", "rng", *TERMS):
            raise FamilyError(f"A parameter can't be called {n!r}.")
    of = {
        "links": _each(links, len(names), "links"),
        "lb": _each(lb, len(names), "lb"),
        "ub": _each(ub, len(names), "ub"),
    }
    return tuple(_dpar(n, *of_n) for n, *of_n in zip(names, *of.values(), strict=True))


def _each(values: Any, count: int, what: str) -> list[Any]:
    """One value for each parameter; one alone is for `mu` where it is a number, else for all."""
    if isinstance(values, str) or values is None:
        return [values] * count
    if isinstance(values, int | float):
        return [values] + [None] * (count - 1)
    if len(values) != count:
        raise FamilyError(f"{what}= has {len(values)} values for {count} parameters.")
    return list(values)


def _dpar(name: str, link: Any, lower: float | None, upper: float | None) -> Dpar:
    if link not in LINKS:
        raise FamilyError(f"There is no link {link!r}; there is {listed(LINKS)}.")
    bounds = -np.inf if lower is None else float(lower), np.inf if upper is None else float(upper)
    return Dpar(name, link, tuple(LINKS), *bounds)


def _row(made: Custom, terms: tuple[str, ...]) -> DerivedRow | None:
    """The engine's kernel; None where the formula has functions that it hasn't.

    Made at once, so that a formula that can't be read is an error where it is given.
    """
    scales = {d.name: _scale(d) for d in made.dpars}
    log_cdf = None if made.given_log_cdf is None or terms else made.log_cdf
    log_sf = None if made.given_log_sf is None or terms else made.log_sf
    row = derived_row(made.density, scales, terms, log_cdf, log_sf)
    try:
        _ = row.function, row.below, row.above
    except UntraceableError:
        return None
    except TypeError as error:
        raise FamilyError(
            f"The density of family {made.name!r} can't be read ({error}); write it in operators "
            "and the functions of m: m.log(y), not np.log(y)."
        ) from error
    return row


def _scale(d: Dpar) -> str:
    if (d.lower, d.upper) == (0.0, 1.0):
        return "odds"
    return "log" if (d.lower, d.upper) == (0.0, np.inf) else "natural"
