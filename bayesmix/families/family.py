"""What a family is: facts about a response distribution, and a few small functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError, did_you_mean, listed
from bayesmix.families.links import LINKS, Link
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.row import RowKernel

__all__ = ["Array", "Aux", "Between", "Dpar", "Dpars", "Family", "Option", "Vector"]

Array = np.ndarray
Dpars = Mapping[str, Array]
"""Values of the distributional parameters on their natural scale, broadcastable to draws × rows."""
Aux = Mapping[str, Array]
"""Values of the addition terms that the family uses, one a row (``{"trials": …}``)."""


@dataclass(frozen=True)
class Dpar:
    """A distributional parameter: its link and its natural range.

    Parameters
    ----------
    name : str
        ``"mu"``, ``"sigma"``, …
    link : str
        The link in use where the parameter has a formula.
    links : tuple of str
        The links it may have.
    lower, upper : float
        Natural range, for a parameter without a formula.
    fixed : float, optional
        What it is without a formula; a parameter of its own by default.
    same_as : str, optional
        The parameter that it is tied to, whose value it has.
    latent : bool
        Whether the density takes the linear predictor as it is: the link is then that of the
        outcome's probabilities.
    """

    name: str
    link: str
    links: tuple[str, ...]
    lower: float = -np.inf
    upper: float = np.inf
    fixed: float | None = None
    same_as: str | None = None
    latent: bool = False


@dataclass(frozen=True)
class Vector:
    """A parameter of several values that all rows share.

    Parameters
    ----------
    name, dim : str
        Its name in the posterior, and that of its dimension.
    class_ : str
        Its class among the priors, in which the labels are the coefs.
    labels : tuple
        One for each value.
    ordered : bool
        Whether the values increase.
    shares : bool
        Whether they are positive and add up to one, with one prior for all.
    correlations : bool
        Whether they are those under the diagonal of a correlation matrix, row by row.
    each : bool
        Whether priors can name one of them by its label.
    strata : str
        The addition term whose labels have values of their own, along a dimension before that of
        `labels`; ``""`` for none.
    runs : tuple of int
        How many belong to one group of rows after the other; only these increase among themselves.
    """

    name: str
    dim: str
    class_: str
    labels: tuple[Any, ...]
    ordered: bool = True
    shares: bool = False
    correlations: bool = False
    strata: str = ""
    each: bool = True
    runs: tuple[int, ...] = ()

    @property
    def dims(self) -> tuple[str, ...]:
        return (f"{self.dim}_{self.strata}", self.dim) if self.strata else (self.dim,)


@dataclass(frozen=True)
class Option:
    """What a family can be told beside its links.

    Parameters
    ----------
    name : str
        The argument of `bayesmix.family`.
    value : object
        What it is.
    values : tuple
        What it may be; without them anything, which is looked at once the response is known.
    default : object
        What it is unless it is given.
    """

    name: str
    value: Any
    values: tuple[Any, ...] = ()
    default: Any = None


@dataclass(frozen=True)
class Between:
    """A distribution between bounds, which may be infinite.

    Parameters
    ----------
    mean : callable
        ``mean(p, lb, ub, aux)``.
    random : callable
        ``random(rng, p, lb, ub, aux)``.
    """

    mean: Callable[..., Array]
    random: Callable[..., Array]


@dataclass(frozen=True)
class Family:
    """A response distribution: what brms knows about it, and small functions that use it.

    Parameters
    ----------
    name : str
    dpars : tuple of Dpar
        ``mu`` first.
    check : callable
        ``check(y, aux, labels=None)`` raises ``DataError`` if a response can't come from this
        family; it names the first such row by its label, or by its position without `labels`.
    density : callable
        ``density(y, p, aux, m)``: log density or probability, one formula for all libraries of
        arrays: `m` has their functions (`Maths`), `p` the parameters on their natural scale
        (`natural`), draws × rows in numpy, tensors in PyTensor; vectors have an axis more, the
        last. -inf where a parameter is out of its range.
    mean : callable
        ``mean(p, aux)``: expected response; with `outcome` one for each of its labels, on an axis
        more.
    random : callable
        ``random(rng, p, aux)``: responses, one for each element of the broadcast parameters;
        ``PredictionError`` if one is out of its range or too large to draw with.
    linear : tuple of str
        Parameters in which the mean is linear, the others given.
    discrete : bool
        Whether responses are integers.
    needs : tuple of str
        Addition terms that must be given (``"trials"``).
    may : tuple of str
        Addition terms that can be given beside those that all families take.
    at_bounds : tuple of str
        The addition terms that `log_cdf` and `log_sf` take as those of the time that they are
        for: at the bound ``lb`` they are ``lb_…``.
    mean_needs : tuple of str, optional
        The terms that the mean needs, where it isn't all of `needs`.
    adjust : callable, optional
        ``adjust(p, aux)``: what addition terms make of the parameters, for `between`.
    log_scale : bool
        Whether ``mu`` lives on the scale of log(response), as for a lognormal (default priors
        look at log(y) then).
    row : RowKernel, optional
        The log density of one row with derivatives; without it models are sampled through PyMC.
    log_cdf, log_sf : callable, optional
        ``log_cdf(y, p, aux, m)``: log of the probability of at most `y`, and of more.
    between : Between, optional
        Mean and draws between bounds.
    quantile : callable, optional
        ``quantile(u, p, aux)``: the least count with at least that probability.
    first_code : int, optional
        What the first level of a categorical response counts as; None where it must be numbers.
    columns : bool
        Whether a response has several columns, ``cbind(a, b, c)``: the first is `y`, the others
        stand among the addition terms (`bayesmix.families.shares`).
    main : tuple of str
        The parameters that the main formula predicts.
    main_outcome : (str, tuple), optional
        Dimension and labels of these, where there are several.
    vectors : tuple of Vector
    intercept : str, optional
        The vector that takes the place of the main predictor's intercept.
    level_free : bool
        Whether more of that vector is less of the predictor, as it isn't of thresholds that sum to
        zero; nor do those of several groups stand for one intercept.
    less_thresholds : bool
        Whether the predictor less a threshold is what counts, so that a level's own intercept is
        its effect less the threshold, rather than the other way round.
    outcome : (str, tuple), optional
        Dimension and labels of what `mean` has one value for each of.
    prepare : callable, optional
        ``prepare(family, y, levels)``: the family with what hangs on the response.
    specify : callable, optional
        ``specify(family)``: the family, once ready, with a predictor for each threshold beside the
        main one.
    specific : tuple of str
        What these are called.
    predicted : callable, optional
        ``predicted(family, names)``: the family, once ready, whose parameters `names` have
        formulas.
    parts : tuple of Family
        The components of a mixture.
    linked : callable, optional
        ``linked(family)``: the family after a change of the links.
    options : tuple of Option
        What it has been told beside the links.
    counts : tuple of int
        The numbers of thresholds that ``thres()`` says.
    in_groups : bool
        Whether each group of rows has its own.
    custom : bool
        Whether it is the user's own, made by `custom_family`.
    nonlinear : tuple of str
        The parameters of the main formula's expression, which the density doesn't look at.

    References
    ----------
    brms: ``brmsfamily``, https://paulbuerkner.com/brms/reference/brmsfamily.html

    Examples
    --------
    >>> import bayesmix as bx
    >>> student = bx.family("student")
    >>> student.dpar_names, student.with_link("sigma", "identity").link("sigma").name
    (('mu', 'sigma', 'nu'), 'identity')
    """

    name: str
    dpars: tuple[Dpar, ...]
    check: Callable[..., None]
    density: Callable[[Any, Mapping[str, Any], Mapping[str, Any], Maths], Any]
    mean: Callable[[Dpars, Aux], Array]
    random: Callable[[np.random.Generator, Dpars, Aux], Array]
    linear: tuple[str, ...] = ()
    discrete: bool = False
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    at_bounds: tuple[str, ...] = ()
    mean_needs: tuple[str, ...] | None = None
    adjust: Callable[[Dpars, Aux], Dpars] | None = None
    log_scale: bool = False
    row: RowKernel | None = None
    log_cdf: Callable[..., Any] | None = None
    log_sf: Callable[..., Any] | None = None
    between: Between | None = None
    quantile: Callable[..., Array] | None = None
    first_code: int | None = None
    columns: bool = False
    main: tuple[str, ...] = ("mu",)
    main_outcome: tuple[str, tuple[Any, ...]] | None = None
    vectors: tuple[Vector, ...] = ()
    intercept: str | None = None
    level_free: bool = True
    less_thresholds: bool = False
    outcome: tuple[str, tuple[Any, ...]] | None = None
    prepare: Callable[[Family, Array, tuple[Any, ...] | None], Family] | None = None
    specify: Callable[[Family], Family] | None = None
    specific: tuple[str, ...] = ()
    predicted: Callable[[Family, frozenset[str]], Family] | None = None
    parts: tuple[Family, ...] = ()
    linked: Callable[[Family], Family] | None = None
    options: tuple[Option, ...] = ()
    counts: tuple[int, ...] = ()
    in_groups: bool = False
    custom: bool = False
    nonlinear: tuple[str, ...] = ()

    def __repr__(self) -> str:
        links = [f"{d.name}: {d.link}" for d in self.dpars]
        told = [f"{o.name}={o.value!r}" for o in self.options if o.value != o.default]
        return f"<family {self.title} ({', '.join([*links, *told])})>"

    @property
    def title(self) -> str:
        """Its name, and of what it is made."""
        return " of ".join(filter(None, [self.name, ", ".join(part.name for part in self.parts)]))

    def option(self, name: str) -> Any:
        """What an option of the family is."""
        return next(o.value for o in self.options if o.name == name)

    def with_option(self, name: str, value: Any) -> Family:
        """The same family told otherwise; FamilyError lists what an option may be."""
        old = next(o for o in self.options if o.name == name)
        if old.values and value not in old.values:
            raise FamilyError(
                f"{name}= of family {self.name!r} is one of {listed(old.values)}, not {value!r}."
                f"{did_you_mean(str(value), old.values)}"
            )
        new = (replace(o, value=value) if o is old else o for o in self.options)
        return replace(self, options=tuple(new))

    @property
    def in_order(self) -> bool:
        """Whether the intercepts of the main predictors increase from one to the next."""
        return any(o.name == "order" and o.value == "mu" for o in self.options)

    def base_of(self, name: str) -> tuple[str, Family]:
        """What a parameter of a mixture is called by the component that it belongs to, and this.

        Others belong to the family itself, by their own names.
        """
        for k, part in enumerate(self.parts, 1):
            if name.removesuffix(str(k)) in part.dpar_names and name.endswith(str(k)):
                return name.removesuffix(str(k)), part
        return name, self

    @property
    def dpar_names(self) -> tuple[str, ...]:
        """The parameters' names, ``mu`` first."""
        return tuple(d.name for d in self.dpars)

    @staticmethod
    def column_names(count: int) -> tuple[str, ...]:
        """What the columns of a response after the first are called among the addition terms."""
        return tuple(f"column_{k}" for k in range(2, count + 1))

    @property
    def free_dpars(self) -> tuple[str, ...]:
        """The parameters that the data say something about without a formula."""
        return tuple(d.name for d in self.dpars if d.fixed is None and d.same_as is None)

    def logp(self, y: Array, p: Dpars, aux: Aux) -> Array:
        """The log density in numpy: draws × rows."""
        with np.errstate(all="ignore"):
            p = {name: np.asarray(value, dtype=float) for name, value in p.items()}
            return self.density(np.asarray(y, dtype=float), p, aux, NUMPY)

    def for_response(
        self,
        y: Array,
        levels: tuple[Any, ...] | None,
        aux: Aux,
        flags: frozenset[str] = frozenset(),
        counts: tuple[int, ...] = (),
    ) -> Family:
        """The family made ready for a response.

        Parameters
        ----------
        y : ndarray
        levels : tuple or None
            Of a categorical response.
        aux : mapping of str to ndarray
            The addition terms.
        flags : frozenset of str
            Their options that are True, as ``"se(sigma)"``.
        counts : tuple of int
            The numbers of thresholds that ``thres()`` says.
        """
        from bayesmix.families.adjusted import rated, with_errors
        from bayesmix.families.censored import censored
        from bayesmix.families.cox import with_baseline
        from bayesmix.families.truncated import BOUNDS, truncated

        told = replace(self, counts=counts, in_groups="thres_first" in aux)
        ready = self if self.prepare is None else self.prepare(told, y, levels)
        splines = sum(name.startswith("bhaz_") for name in aux)
        ready = with_baseline(ready, splines, "gr" in aux) if splines else ready
        ready = with_errors(ready, "se(sigma)" in flags) if "se" in aux else ready
        ready = rated(ready) if "rate" in aux else ready
        ready = censored(ready, "y2" in aux) if "cens" in aux else ready
        bounds = tuple(name for name in BOUNDS if name in aux)
        return truncated(ready, bounds) if bounds else ready

    def at_bound(self, bound: str, aux: Mapping[str, Any]) -> dict[str, Any]:
        """The addition terms as `log_cdf` and `log_sf` take them at a bound of the response."""
        return {**aux, **{name: aux[f"{bound}_{name}"] for name in self.at_bounds}}

    def terms_at(self, *bounds: str) -> tuple[str, ...]:
        """The bounds, and the addition terms that there are for them."""
        return (*bounds, *(f"{bound}_{name}" for bound in bounds for name in self.at_bounds))

    def complete(self, own: Mapping[str, Any], etas: Mapping[str, Any], m: Maths = NUMPY) -> dict:
        """All parameters on their natural scale.

        Parameters
        ----------
        own : mapping of str to array
            Those without a formula.
        etas : mapping of str to array
            Linear predictors of the others.
        m : Maths

        Returns
        -------
        dict of str to array
            Fixed ones are numbers, tied ones what they are tied to; see `natural`.
        """
        fixed = {d.name: d.fixed for d in self.dpars if d.fixed is not None}
        values = {**fixed, **own, **self.natural(etas, m)}
        for d in self.dpars:
            for suffix in ("", "_log_odds"):
                if d.same_as is not None and d.same_as + suffix in values:
                    values[d.name + suffix] = values[d.same_as + suffix]
        return values

    def natural(self, etas: Mapping[str, Any], m: Maths = NUMPY) -> dict[str, Any]:
        """Parameters on their natural scale, from their linear predictors.

        A probability comes with its log odds too (``"mu_log_odds"``), from which the log density
        is exact also where the probability is rounded to 0 or 1.
        """
        values = {}
        for name, eta in etas.items():
            dpar, link = self.dpar(name), self.link(name)
            values[name] = eta if dpar.latent else link.inverse(eta, m)
            if link.odds is not None and not dpar.latent and (dpar.lower, dpar.upper) == (0, 1):
                values[f"{name}_log_odds"] = link.log_odds(eta, m)
        return values

    def dpar(self, name: str) -> Dpar:
        """The parameter of that name; FamilyError lists what there is."""
        for d in self.dpars:
            if d.name == name:
                return d
        raise FamilyError(
            f"Family {self.name!r} has no parameter {name!r}; it has {listed(self.dpar_names)}."
        )

    def settled(self, fixed: Mapping[str, float], tied: Mapping[str, str]) -> Family:
        """The family with parameters fixed at numbers, or tied to others.

        Raises
        ------
        FamilyError
            For a parameter that there isn't, a number out of its range, a tie to one of another
            range, or to one that is tied or fixed itself.
        """
        for name, value in fixed.items():
            _check_in_range(self.name, self.dpar(name), value)
        for name, other in tied.items():
            _check_tie(self.name, self.dpar(name), self.dpar(other), {*fixed, *tied})
        dpars = (
            replace(d, fixed=fixed.get(d.name, d.fixed), same_as=tied.get(d.name, d.same_as))
            for d in self.dpars
        )
        return replace(self, dpars=tuple(dpars)) if fixed or tied else self

    def link(self, dpar: str) -> Link:
        """The link that a parameter has where it has a formula."""
        return LINKS[self.dpar(dpar).link]

    def with_link(self, dpar: str, link: str) -> Family:
        """The same family with another link for one parameter; FamilyError lists those it takes."""
        old = self.dpar(dpar)
        if link not in old.links:
            raise FamilyError(
                f"{dpar!r} of family {self.name!r} can't have the link {link!r}; "
                f"it can have {listed(old.links)}.{did_you_mean(str(link), old.links)}"
            )
        new = replace(old, link=link)
        changed = replace(self, dpars=tuple(new if d is old else d for d in self.dpars))
        return changed if self.linked is None else self.linked(changed)

    def with_nonlinear(self, names: tuple[str, ...]) -> Family:
        """The same family with nonlinear parameters, whose links are the identity."""
        more = tuple(Dpar(name, "identity", ("identity",)) for name in names)
        return replace(self, dpars=(*self.dpars, *more), nonlinear=names)

    def eta_link(self, dpar: str) -> str:
        """The link between a linear predictor and what the density takes."""
        return "identity" if self.dpar(dpar).latent else self.dpar(dpar).link


def _check_in_range(family: str, d: Dpar, value: float) -> None:
    # A least value other than 0 is possible itself.
    if not (d.lower < value < d.upper or value == d.lower != 0.0):
        raise FamilyError(
            f"{d.name!r} of family {family!r} can't be fixed at {value:g}; it lies between "
            f"{d.lower:g} and {d.upper:g}."
        )


def _check_tie(family: str, d: Dpar, other: Dpar, settled: set[str]) -> None:
    if other.name in settled or other.name == d.name:
        raise FamilyError(
            f"{d.name!r} can't be tied to {other.name!r}, which is fixed or tied itself."
        )
    if (d.lower, d.upper) != (other.lower, other.upper):
        raise FamilyError(
            f"{d.name!r} of family {family!r} can't be tied to {other.name!r}, which has another "
            f"range: {d.lower:g} to {d.upper:g} against {other.lower:g} to {other.upper:g}."
        )
