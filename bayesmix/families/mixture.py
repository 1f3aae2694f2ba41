"""Finite mixtures: each response comes from one of several distributions, nobody knows which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError, listed
from bayesmix.families.censored import censored
from bayesmix.families.derived import DerivedRow, UntraceableError, derived_row
from bayesmix.families.family import Array, Aux, Dpar, Dpars, Family, Option, Vector
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.registry import family as find_family
from bayesmix.families.shares import Shares
from bayesmix.families.special import log_sum, quietly

__all__ = ["memberships", "mixture"]

THETA = "theta"
"""What the shares of the components are called, with a number where they have formulas."""
ORDERS = ("mu", "none")
ODDS = "_log_odds"
"""What follows the name of a probability's log odds."""


def mixture(
    *families: str | Family, nmix: int | Sequence[int] = 1, order: str | None = None
) -> Family:
    """A family of responses of which each comes from one of several distributions.

    The parameters of component k have its number: ``mu1``, ``sigma1``, ``mu2``, …. The main formula
    is that of every ``mu`` without one of its own. The components have shares ``theta``, which add
    up to one and hold for all rows; or all shares but one have formulas, ``theta2="x"``, on the
    scale of a softmax in which the other is 0; or all are numbers, ``theta1=1, theta2=3``, in
    proportion to which they are.

    Parameters
    ----------
    *families : str or Family
        The distributions, all of counts or all of numbers.
    nmix : int or sequence of int
        How often each of them is a component.
    order : str, optional
        ``"mu"``: the intercepts of ``mu1``, ``mu2``, … increase (those at the means of the
        columns), so that the components can't swap names; ``"none"``: they need not. By default
        ``"mu"`` where all components are of one family.

    Returns
    -------
    Family

    Raises
    ------
    FamilyError
        If there are fewer than two components, or such as can't be mixed.

    References
    ----------
    brms: https://paulbuerkner.com/brms/reference/mixture.html

    Examples
    --------
    >>> two = mixture("poisson", nmix=2)
    >>> two.dpar_names, two.option("order")
    (('mu1', 'mu2', 'theta1', 'theta2'), 'mu')
    >>> mixture("gaussian", "student").option("order")
    'none'
    """
    parts = _repeated([find_family(f) for f in families], nmix)
    _check_parts(parts)
    alike = len({part.name for part in parts}) == 1
    chosen = order or ("mu" if alike else "none")
    return _mixture(parts, Option("order", "none", ORDERS)).with_option("order", chosen)


def _repeated(families: Sequence[Family], nmix: Any) -> tuple[Family, ...]:
    counts = [nmix] * len(families) if isinstance(nmix, int) else list(nmix)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in counts)
    if not whole or len(counts) != len(families):
        raise FamilyError(
            f"nmix is a positive whole number, or one for each of {len(families)} families, not "
            f"{nmix!r}."
        )
    return tuple(f for f, n in zip(families, counts, strict=True) for _ in range(n))


def _check_parts(parts: Sequence[Family]) -> None:
    if len(parts) < 2:
        raise FamilyError(
            "A mixture has at least two components: mixture('gaussian', 'gaussian'), or "
            "mixture('gaussian', nmix=2)."
        )
    for part in parts:
        why = _unmixable(part)
        if why:
            raise FamilyError(f"Family {part.name!r} can't be part of a mixture: {why}.")
    counts = sorted({p.name for p in parts if p.discrete})
    numbers = sorted({p.name for p in parts if not p.discrete})
    if counts and numbers:
        raise FamilyError(
            f"A mixture is of whole numbers or of real ones: {listed(counts)} can't be mixed with "
            f"{listed(numbers)}."
        )


def _unmixable(part: Family) -> str:
    if part.parts:
        return "it is one itself; list all components at once"
    if part.columns:
        return "its responses have several columns"
    if part.intercept is not None or part.first_code == 1:
        return "its responses are categories"
    if "bhaz" in part.may:
        return "its baseline hazard is a parameter of all rows"
    if "dec" in part.needs:
        return "its responses are times and choices"
    if THETA in part.dpar_names:
        return f"{THETA!r} is what the shares of the components are called"
    return ""


def _mixture(parts: tuple[Family, ...], order: Option) -> Family:
    made, numbers = _made(parts), range(1, len(parts) + 1)
    shares = tuple(Dpar(f"{THETA}{k}", "identity", ("identity",), latent=True) for k in numbers)
    own = tuple(_numbered(d, k) for k, part in zip(numbers, parts, strict=True) for d in part.dpars)
    codes = {part.first_code for part in parts}
    tails = all(part.log_cdf is not None and part.log_sf is not None for part in parts)
    return Family(
        name="mixture",
        dpars=(*own, *shares),
        check=MixtureCheck(parts),
        density=made.density,
        mean=made.mean,
        random=made.random,
        linear=tuple(
            f"{name}{k}" for k, p in zip(numbers, parts, strict=True) for name in p.linear
        ),
        discrete=parts[0].discrete,
        needs=_together(part.needs for part in parts),
        at_bounds=_together(part.at_bounds for part in parts),
        mean_needs=_together(
            part.needs if part.mean_needs is None else part.mean_needs for part in parts
        ),
        log_cdf=made.log_cdf if tails else None,
        log_sf=made.log_sf if tails else None,
        first_code=codes.pop() if len(codes) == 1 else None,
        main=tuple(f"mu{k}" for k in numbers),
        main_outcome=("component", tuple(numbers)),
        prepare=_prepare,
        predicted=_predicted,
        options=(order,),
        custom=any(part.custom for part in parts),
        parts=parts,
    )


def _numbered(d: Dpar, number: int) -> Dpar:
    same_as = None if d.same_as is None else f"{d.same_as}{number}"
    return replace(d, name=f"{d.name}{number}", same_as=same_as)


def _together(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def _prepare(family: Family, y: Array, levels: tuple[Any, ...] | None) -> Family:
    """With the ranges that hang on the response."""
    ready = [p if p.prepare is None else p.prepare(p, y, levels) for p in family.parts]
    ranges = {
        f"{d.name}{k}": (d.lower, d.upper) for k, part in enumerate(ready, 1) for d in part.dpars
    }
    dpars = (
        replace(d, lower=ranges[d.name][0], upper=ranges[d.name][1]) if d.name in ranges else d
        for d in family.dpars
    )
    return replace(family, dpars=tuple(dpars))


def _predicted(family: Family, names: frozenset[str]) -> Family:
    """With shares for all rows, or, where they have formulas or are numbers, parameters for each.

    Raises
    ------
    FamilyError
        If some have a formula, or are numbers, and others aren't.
    """
    shares = [d for d in family.dpars if _is_share(d.name)]
    own = tuple(d for d in family.dpars if not _is_share(d.name))
    given = [d for d in shares if d.fixed is not None]
    formulas = [d for d in shares if d.name in names]
    if any(d.same_as is not None for d in shares):
        raise FamilyError("Shares of components can't be tied to each other.")
    if given and (len(given) < len(shares) or formulas):
        raise FamilyError(
            "Either all shares of the components are numbers or none is, and not "
            f"{listed([d.name for d in given])} alone."
        )
    if formulas and len(formulas) != len(shares) - 1:
        raise FamilyError(
            f"All shares of the components but one have a formula, or none has: of "
            f"{listed([d.name for d in shares])} these have one, "
            f"{listed([d.name for d in formulas])}. The other is the reference, 0."
        )
    if not (given or formulas):
        labels = tuple(range(1, len(shares) + 1))
        vector = Vector(THETA, "component", THETA, labels, ordered=False, shares=True)
        return _with_row(replace(family, dpars=own, vectors=(vector,)))
    total = sum(d.fixed for d in given)
    if given and not (total > 0 and min(d.fixed for d in given) > 0):
        raise FamilyError("Shares of components that are numbers must be positive.")
    settled = (
        d if d in formulas else replace(d, fixed=float(np.log(d.fixed / total)) if given else 0.0)
        for d in shares
    )
    return _with_row(replace(family, dpars=(*own, *settled)))


def _is_share(name: str) -> bool:
    return name.startswith(THETA) and name.removeprefix(THETA).isdigit()


def _with_row(family: Family) -> Family:
    return replace(family, row=_row(family.parts, family.dpar_names, bool(family.vectors)))


@cache
def _row(parts: tuple[Family, ...], dpars: tuple[str, ...], shared: bool) -> DerivedRow | None:
    """The kernel of the density; None where a component has functions without a scalar form."""
    if any(part.row is None or len(part.row.scales) != len(part.dpars) for part in parts):
        return None
    scales = dict.fromkeys(dpars, "natural")
    for k, part in enumerate(parts, 1):
        names = (f"{d.name}{k}" for d in part.dpars)
        scales |= dict(zip(names, part.row.scales, strict=True))
    takes = _together(part.row.takes for part in parts)
    vector = {"shared": (THETA, len(parts))} if shared else {}
    row = derived_row(_made(parts).density, scales, takes, **vector)
    try:
        _ = row.function
    except UntraceableError:
        return None
    return row


@dataclass(frozen=True)
class MixtureCheck:
    """The check of responses that every component could have given."""

    parts: tuple[Family, ...]

    def __call__(self, y: Any, aux: Aux, labels: Sequence[Any] | None = None) -> None:
        for check in dict.fromkeys(part.check for part in self.parts):
            check(y, aux, labels)


@dataclass(frozen=True)
class OfPart(Mapping[str, Any]):
    """The parameters of one component, by the names that its family knows."""

    part: Family
    number: int
    p: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.p[self._numbered(name)]

    def __iter__(self) -> Iterator[str]:
        names = (f"{d}{odds}" for d in self.part.dpar_names for odds in ("", ODDS))
        return (name for name in names if self._numbered(name) in self.p)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _numbered(self, name: str) -> str:
        head, odds, _ = name.partition(ODDS)
        return f"{head}{self.number}{odds}"


@dataclass(frozen=True)
class Mixture:
    """What a mixture computes with its components."""

    parts: tuple[Family, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.parts,)

    def density(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return reduce(lambda a, b: log_sum(a, b, m), self.joint(y, p, aux, m))

    def joint(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> list[Any]:
        """For each component the log density of the response and of it."""
        pairs = zip(self.log_shares(p, m), self._each(p), strict=True)
        return [log_share + part.density(y, own, aux, m) for log_share, (part, own) in pairs]

    def log_shares(self, p: Mapping[str, Any], m: Maths) -> list[Any]:
        """The logarithm of each component's share."""
        numbers = range(1, len(self.parts) + 1)
        names = tuple(f"{THETA}{k}" for k in numbers)
        if names[0] in p:
            return Shares(tuple(numbers), names).logs(p, m)
        return [m.log(p[THETA][..., k]) for k in range(len(self.parts))]

    def log_cdf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return self._mixed("log_cdf", y, p, aux, m)

    def log_sf(self, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        return self._mixed("log_sf", y, p, aux, m)

    def _mixed(self, name: str, y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        pairs = zip(self.log_shares(p, m), self._each(p), strict=True)
        values = (share + getattr(part, name)(y, own, aux, m) for share, (part, own) in pairs)
        return reduce(lambda a, b: log_sum(a, b, m), values)

    def mean(self, p: Dpars, aux: Aux) -> Array:
        pairs = zip(self.log_shares(p, NUMPY), self._each(p), strict=True)
        return sum(np.exp(share) * part.mean(own, aux) for share, (part, own) in pairs)

    def random(self, rng: np.random.Generator, p: Dpars, aux: Aux) -> Array:
        """The component first, then the response."""
        drawn = np.broadcast_arrays(*(part.random(rng, own, aux) for part, own in self._each(p)))
        shares = self.shares(p)
        upper = shares.cumsum(axis=-1)[..., :-1]
        which = (rng.random((*drawn[0].shape, 1)) > upper).sum(axis=-1)
        return np.take_along_axis(np.stack(drawn, axis=-1), which[..., None], axis=-1)[..., 0]

    @quietly
    def shares(self, p: Dpars) -> Array:
        """The share of each component, on an axis more, the last."""
        logs = [np.asarray(v, dtype=float) for v in self.log_shares(p, NUMPY)]
        return np.exp(np.stack(np.broadcast_arrays(*logs), axis=-1))

    @quietly
    def memberships(self, y: Array, p: Dpars, aux: Aux) -> Array:
        joint = np.stack(np.broadcast_arrays(*self.joint(y, p, aux, NUMPY)), axis=-1)
        joint = np.exp(joint - joint.max(axis=-1, keepdims=True))
        return joint / joint.sum(axis=-1, keepdims=True)

    def _each(self, p: Mapping[str, Any]) -> Iterator[tuple[Family, OfPart]]:
        return ((part, OfPart(part, k, p)) for k, part in enumerate(self.parts, 1))


def memberships(family: Family, y: Array, p: Dpars, aux: Aux) -> Array:
    """The probability that a response came of each component, on an axis more, the last.

    Parameters
    ----------
    family : Family
        A mixture.
    y : ndarray
        Of a censored response what is known.
    p, aux : mapping of str to ndarray
    """
    parts = family.parts
    if "cens" in aux:
        parts = tuple(censored(part, "y2" in aux) for part in parts)
    return _made(parts).memberships(y, p, aux)


@cache
def _made(parts: tuple[Family, ...]) -> Mixture:
    """The same object wherever it is asked for: functions bound to others would be unequal."""
    return Mixture(parts)
