"""Which prior each parameter gets: the most specific that speaks of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bayesmix.errors import PriorError, did_you_mean, listed
from bayesmix.parameters.slots import Key, Slot
from bayesmix.priors import shares
from bayesmix.priors.distributions import FLAT, Distribution
from bayesmix.priors.names import same_coef
from bayesmix.priors.parsing import parse_distribution
from bayesmix.priors.prior import FIELDS, Prior
from bayesmix.priors.rounding import format_number
from bayesmix.priors.shrinkage import Shrinkage
from bayesmix.priors.shrinking import check_shared
from bayesmix.priors.table import PriorTable, Resolved, Row

__all__ = ["resolve"]

Defaults = Mapping[tuple[str, ...], Distribution | str]
Stated = dict[Key, Prior]

ALONE = ("simo",)
"""Classes whose parameters have no default together, so that the table has no row of it."""

_LEAST_LOG_MASS = math.log(1e-12)


def resolve(
    slots: Iterable[Slot],
    defaults: Defaults,
    user: Prior | Iterable[Prior] | None = None,
    rows: int | Mapping[str, int] = 1,
) -> PriorTable:
    """The table of a model's priors.

    The distribution of a parameter is that of the most specific prior: of its coefficient, else of
    its group, else of its class, within its dpar. A bound too is the most specific one stated.

    Parameters
    ----------
    slots : iterable of Slot
        The parameters.
    defaults : mapping
        Class and dpar to distribution (`bayesmix.priors.defaults.default_priors`); those of single
        parameters, by `Key`, are what came of them by scaling (`bayesmix.priors.autoscale`).
    user : Prior or iterable of Prior, optional
        What the user states.
    rows : int or mapping of str to int
        How many the model is fitted to, on which a horseshoe may hang; by response where there are
        several, ``""`` being all.

    Returns
    -------
    PriorTable

    Raises
    ------
    PriorError
        If a prior matches no parameter or, by its R name, two; if two are for the same; if
        bounds and distribution leave nothing.

    Examples
    --------
    >>> from bayesmix.priors.prior import prior
    >>> slots = [Slot("b", coef="x"), Slot("b", coef="f[b]")]
    >>> table = resolve(slots, {}, [prior("normal(0, 1)", "b"), prior("normal(5, 3)", coef="fb")])
    >>> str(table.for_slot(slots[0]).distribution), str(table.for_slot(slots[1]).distribution)
    ('normal(0, 1)', 'normal(5, 3)')
    """
    slots = tuple(dict.fromkeys(slots))
    free = [slot for slot in slots if slot.fixed is None]
    sizes = rows if isinstance(rows, Mapping) else {"": rows}
    stated = _stated(free, (p.on(sizes.get(p.resp, sizes[""])) for p in _as_list(user)))
    check_shared(stated)
    resolved = tuple(_resolved(slot, stated, defaults) for slot in slots)
    return PriorTable(slots, resolved, _rows(slots, stated, defaults))


def _as_list(user: Prior | Iterable[Prior] | None) -> list[Prior]:
    if user is None:
        return []
    if isinstance(user, Prior):
        return [user]
    if isinstance(user, str) or not isinstance(user, Iterable):
        raise PriorError(_not_priors(user))
    priors = list(user)
    for p in priors:
        if not isinstance(p, Prior):
            raise PriorError(_not_priors(p))
    return priors


def _not_priors(value: object) -> str:
    return f'Priors are made by prior("normal(0, 1)", "b"), one or a list of them; got {value!r}.'


def _stated(slots: Sequence[Slot], user: Iterable[Prior]) -> Stated:
    """What the user said, by the row of the table it is for."""
    stated: Stated = {}
    for p in user:
        key = _key(p, slots)
        if key in stated:
            raise PriorError(f"{stated[key]} and {p} are for the same parameters; leave one.")
        stated[key] = p
    return stated


def _resolved(slot: Slot, stated: Stated, defaults: Defaults) -> Resolved:
    if slot.fixed is not None:
        return Resolved(Distribution("constant", (slot.fixed,)), slot.fixed, slot.fixed, "default")
    said = [stated[key] for key in slot.keys if key in stated]
    distribution = next(
        (p.distribution for p in said if not p.only_bounds), _default(slot, defaults)
    )
    lb = next((p.lb for p in said if p.lb is not None), -math.inf)
    ub = next((p.ub for p in said if p.ub is not None), math.inf)
    lower = max(slot.lower, lb, distribution.support[0])
    upper = min(slot.upper, ub, distribution.support[1])
    source = "user" if said else "default"
    if isinstance(distribution, Shrinkage):
        return Resolved(distribution, slot.lower, slot.upper, source)
    _check_kind(slot, distribution, said)
    if distribution.fixed:
        return _fixed(slot, distribution, source, said)
    _check_room(slot, distribution, lower, upper, said)
    return Resolved(_proper_if_bounded(distribution, lower, upper), lower, upper, source)


def _check_kind(slot: Slot, distribution: Distribution, said: Sequence[Prior]) -> None:
    """Dirichlet priors are for shares, and shares have no other."""
    dirichlet = distribution.name == "dirichlet"
    if dirichlet and not slot.shares:
        raise PriorError(
            f"{_named(said)}: dirichlet is for shares that add up to one, and {_described(slot)} "
            "is none."
        )
    if slot.shares and not dirichlet:
        raise PriorError(
            f"{_named(said) or distribution}: {_described(slot)} are {slot.shares} shares that add "
            f"up to one; their prior is 'dirichlet(alpha)', alpha one number or {slot.shares}."
        )
    if dirichlet:
        try:
            shares.concentration(distribution.params, slot.shares)
        except PriorError as error:
            raise PriorError(f"{_named(said)} for {_described(slot)}: {error}") from None


def _fixed(slot: Slot, distribution: Distribution, source: str, said: Sequence[Prior]) -> Resolved:
    """A constant, which must be within the parameter's range."""
    (value,) = distribution.params
    lower = max([slot.lower, *(p.lb for p in said if p.lb is not None)])
    upper = min([slot.upper, *(p.ub for p in said if p.ub is not None)])
    if not (slot.lower < value < slot.upper and lower <= value <= upper):
        raise PriorError(
            f"{_named(said)}: {format_number(value)} is outside the range of {_described(slot)}, "
            f"{_interval(lower, upper)}."
        )
    return Resolved(distribution, value, value, source)


def _default(slot: Slot, defaults: Defaults) -> Distribution:
    if slot.default:
        return parse_distribution(slot.default)
    return defaults[slot.key] if slot.key in defaults else _of_class_default(slot, defaults)


def _of_class_default(slot: Slot, defaults: Defaults) -> Distribution:
    of = (slot.class_, slot.dpar, slot.resp) if slot.resp else (slot.class_, slot.dpar)
    found = defaults.get(of, FLAT)
    return parse_distribution(found) if isinstance(found, str) else found


def _proper_if_bounded(distribution: Distribution, lower: float, upper: float) -> Distribution:
    if not distribution.proper and math.isfinite(lower) and math.isfinite(upper):
        return Distribution("uniform", (lower, upper))
    return distribution


def _check_room(
    slot: Slot, distribution: Distribution, lower: float, upper: float, said: Sequence[Prior]
) -> None:
    """The user's bounds must leave a range, and the distribution some probability in it."""
    if not said:
        return
    if lower >= upper:
        raise PriorError(
            f"{_named(said)}: nothing is left for {_described(slot)}, whose natural range is "
            f"{_interval(slot.lower, slot.upper)}; the bounds and {distribution} leave none of it."
        )
    if distribution.log_mass(lower, upper) < _LEAST_LOG_MASS:
        raise PriorError(
            f"{_named(said)}: {distribution} has practically no probability in "
            f"{_interval(lower, upper)}, the range of {_described(slot)}."
        )


def _rows(slots: Sequence[Slot], stated: Stated, defaults: Defaults) -> tuple[Row, ...]:
    first = {key: slot for slot in reversed(slots) for key in slot.keys}
    first = {
        key: slot
        for key, slot in first.items()
        if (key.class_ not in ALONE or key == slot.key or key in stated)
        and (key.resp == slot.resp or key in stated or _is_listed(key))
    }
    rows = (_row(key, slot, stated, defaults) for key, slot in first.items())
    return tuple(sorted(rows, key=lambda row: _order(row.key)))


def _is_listed(key: Key) -> bool:
    """Whether what is for all responses stands in the table though nothing is said."""
    return key == Key(key.class_) and key.class_ in ("b", "Intercept")


def _scaled(key: Key, slot: Slot, stated: Stated, defaults: Defaults) -> str:
    """What came of a prior by scaling, in a row that is for that alone."""
    said = stated.get(key)
    if said is not None and isinstance(said.distribution, Shrinkage):
        return said.distribution.came_of()
    given = [stated[k] for k in slot.keys if k in stated]
    if key != slot.key or key not in defaults or not all(p.only_bounds for p in given):
        return ""
    return _default(slot, defaults).rounded()


def _row(key: Key, slot: Slot, stated: Stated, defaults: Defaults) -> Row:
    """A row; the natural range and the default stand in the least specific one of its own."""
    of_class, said = key == slot.class_key, stated.get(key)
    scaled = _scaled(key, slot, stated, defaults)
    lower, upper = (slot.lower, slot.upper) if of_class else (-math.inf, math.inf)
    text = str(_of_class_default(slot, defaults)) if of_class else ""
    if text and stated:
        keys = slot.keys
        less = (stated[k] for k in keys[keys.index(key) + 1 :] if k in stated)
        text = text if all(p.only_bounds for p in less) else ""
    if slot.default and key == slot.key:
        text = slot.default
    if said is None:
        return Row(key, text, lower, upper, "default", scaled)
    return Row(
        key,
        text if said.only_bounds else str(said.distribution),
        lower if said.lb is None else max(lower, said.lb),
        upper if said.ub is None else min(upper, said.ub),
        "user",
        scaled,
    )


def _order(key: Key) -> tuple[str, ...]:
    return key.resp, key.dpar, key.class_.casefold(), key.group, key.coef.casefold()


def _key(prior: Prior, slots: Sequence[Slot]) -> Key:
    """The row that a prior is for; PriorError says where it parts from the model."""
    left = _of_class(prior, slots)
    left = _of_resp(prior, left) if prior.resp else left
    left = _of_dpar(prior, left, slots)
    group = _of_group(prior, left) if prior.group else ""
    if group:
        left = [s for s in left if s.group == group]
    coef = _of_coef(prior, left) if prior.coef else ""
    grouped = prior.class_ == "df" or (coef and prior.class_ == "Intercept")
    if grouped and not group and all(s.group for s in left):
        groups, what = dict.fromkeys(s.group for s in left), "a coef of " if coef else ""
        raise PriorError(
            f"{prior}: {what}class {prior.class_!r} needs its group=. There is {listed(groups)}."
        )
    return Key(prior.class_, prior.dpar, group, coef, prior.resp)


def _of_class(prior: Prior, slots: Sequence[Slot]) -> list[Slot]:
    left = [s for s in slots if s.class_ == prior.class_]
    if left:
        return left
    classes = list(dict.fromkeys(s.class_ for s in slots))
    if any(s.dpar == prior.class_ for s in slots):
        hint = f" {prior.class_!r} has a formula: use class 'Intercept', 'b' or 'sd' with dpar=."
    else:
        hint = did_you_mean(prior.class_, classes)
    raise PriorError(
        f"{prior} matches no parameter: the model has no class {prior.class_!r}.{hint} "
        f"There is {listed(classes)}."
    )


def _of_resp(prior: Prior, left: Sequence[Slot]) -> list[Slot]:
    matching = [s for s in left if s.resp == prior.resp]
    if matching:
        return matching
    responses = [r for r in dict.fromkeys(s.resp for s in left) if r]
    if not responses:
        raise PriorError(
            f"{prior} matches no parameter: class {prior.class_!r} is of no response by itself; "
            "leave resp= out."
        )
    raise PriorError(
        f"{prior} matches no parameter: no response {prior.resp!r} has class {prior.class_!r}."
        f"{did_you_mean(prior.resp, responses)} There is {listed(responses)}."
    )


def _of_dpar(prior: Prior, left: list[Slot], slots: Sequence[Slot]) -> list[Slot]:
    shared = not (prior.dpar or prior.coef)
    matching = [s for s in left if s.dpar == prior.dpar or (s.shared and shared)]
    if matching:
        return matching
    if any(s.class_ == prior.dpar for s in slots):
        hint = f" {prior.dpar!r} has no formula: it is a class of its own."
    else:
        hint = did_you_mean(prior.dpar, {s.dpar for s in left})
    dpars = dict.fromkeys(s.dpar or "mu" for s in left)
    raise PriorError(
        f"{prior} matches no parameter: {prior.dpar or 'mu'!r} has no class {prior.class_!r}."
        f"{hint} Class {prior.class_!r} exists with dpar {listed(dpars)}."
    )


def _of_group(prior: Prior, left: Sequence[Slot]) -> str:
    groups = list(dict.fromkeys(s.group for s in left))
    for group in groups:
        if sorted(group.split(":")) == sorted(prior.group.split(":")):
            return group
    if not any(groups):
        raise PriorError(
            f"{prior} matches no parameter: class {prior.class_!r} has no groups; leave group= out."
        )
    raise PriorError(
        f"{prior} matches no parameter: class {prior.class_!r} has no group {prior.group!r}."
        f"{did_you_mean(prior.group, groups)} It has {listed(groups)}."
    )


def _of_coef(prior: Prior, left: Sequence[Slot]) -> str:
    coefs = list(dict.fromkeys(s.coef for s in left))
    if prior.coef in coefs:
        return prior.coef
    found = [c for c in coefs if same_coef(c, prior.coef)]
    if len(found) == 1:
        return found[0]
    if found:
        raise PriorError(f"{prior}: {prior.coef!r} could be {listed(found)}; write one of these.")
    raise PriorError(f"{prior} matches no parameter: {_no_coef(prior, coefs)}")


def _no_coef(prior: Prior, coefs: Sequence[str]) -> str:
    if prior.class_ == "b" and prior.coef == "Intercept":
        return "the intercept of a formula is class 'Intercept', without a coef."
    if not any(coefs):
        return f"class {prior.class_!r} has no coefficients; leave coef= out."
    return (
        f"class {prior.class_!r} has no coef {prior.coef!r}.{did_you_mean(prior.coef, coefs)} "
        f"It has {listed(coefs)}."
    )


def _named(said: Sequence[Prior]) -> str:
    return " with ".join(map(str, said))


def _described(slot: Slot) -> str:
    named = [f"{k}={v!r}" for k in FIELDS if (v := getattr(slot, k))]
    return " ".join([f"class {slot.class_!r}", *named])


def _interval(lower: float, upper: float) -> str:
    return f"({format_number(lower)}, {format_number(upper)})"
