"""Which parameters share a shrinkage prior, and the parameters that it brings with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.errors import PriorError, listed
from bayesmix.parameters import MAIN, Key, Parameter, Role, Slot, Target, Transform
from bayesmix.priors.shrinkage import Hyper, Shrinkage
from bayesmix.priors.table import Resolved

if TYPE_CHECKING:
    from bayesmix.priors.prior import Prior

__all__ = ["Member", "Shrinking", "check_shared", "hyper_parameters", "shrinkings_of"]

UNIT = "sigma"
"""What scales are in units of, where the model has it as a parameter."""


@dataclass(frozen=True)
class Member:
    """A parameter of whose values some are shrunk.

    Attributes
    ----------
    parameter : Parameter
    positions : tuple of int
        Among its values.
    start : int
        Where the first of them stands among all that the prior shrinks; the others follow.
    """

    parameter: Parameter
    positions: tuple[int, ...]
    start: int

    @property
    def places(self) -> slice:
        """Among all that the prior shrinks."""
        return slice(self.start, self.start + len(self.positions))


@dataclass(frozen=True)
class Shrinking:
    """One shrinkage prior on parameters of one predictor.

    Attributes
    ----------
    prior : Shrinkage
        The main one, where several classes share it.
    target : Target
    members : tuple of Member
    unit : str
        The parameter in whose units its scales are; ``""`` if in none.
    concentration : tuple of float
        Of R2D2's shares.
    """

    prior: Shrinkage
    target: Target
    members: tuple[Member, ...]
    unit: str
    concentration: tuple[float, ...]

    @property
    def size(self) -> int:
        return sum(len(m.positions) for m in self.members)

    @property
    def hypers(self) -> tuple[Hyper, ...]:
        return tuple(self.prior.hypers(self.size, self.concentration))

    def variable(self, name: str) -> str:
        """What the posterior calls a parameter of the prior."""
        return self.target.called(name)

    def member(self, name: str) -> Member | None:
        """The part of a parameter that is shrunk."""
        return next((m for m in self.members if m.parameter.name == name), None)

    def size_of(self, name: str) -> int:
        """How many of a parameter's values are shrunk."""
        return len(self.member(name).positions)

    def scales(self, values: Mapping[str, Any]) -> Any:
        """The scales of all that it shrinks, on the last axis.

        Parameters
        ----------
        values : mapping of str to ndarray or tensor
            By variable of the posterior.
        """
        own = {h.name: values[self.variable(h.name)] for h in self.hypers}
        return self.prior.scales(own, values[self.unit] if self.unit else None)

    def scales_of(self, name: str, values: Mapping[str, Any]) -> Any:
        """Those of one parameter's values, in the order of its `Member.positions`."""
        return self.scales(values)[..., self.member(name).places]


def check_shared(stated: Mapping[Key, Prior]) -> None:
    """Shrinkage priors are for whole classes, and one of those that are shared is the main one.

    Raises
    ------
    PriorError
    """
    shrunk = {key: p for key, p in stated.items() if isinstance(p.distribution, Shrinkage)}
    for key, p in shrunk.items():
        for other in stated:
            same = other.class_, other.dpar, other.resp
            if other != key and same == (key.class_, key.dpar, key.resp):
                raise PriorError(
                    f"{p} is for all of class {key.class_!r}: {stated[other]} can't be beside it."
                )
    for of in dict.fromkeys((key.dpar, key.resp) for key in shrunk):
        _check_main([p for key, p in shrunk.items() if (key.dpar, key.resp) == of])


def _check_main(priors: list[Prior]) -> None:
    kinds = {p.distribution.name for p in priors}
    mains = [p for p in priors if p.distribution.main]
    if len(kinds) > 1:
        raise PriorError(
            f"{listed(map(str, priors))} are for one predictor, which can have horseshoe or R2D2, "
            "not both."
        )
    if len(priors) > 1 and len(mains) != 1:
        raise PriorError(
            f"{listed(map(str, priors))} are one prior of several classes: exactly one of them "
            "must say main=TRUE, and its arguments count."
        )


def shrinkings_of(parameters: Iterable[Parameter]) -> tuple[Shrinking, ...]:
    """The shrinkage priors of a model, one a predictor.

    Parameters
    ----------
    parameters : iterable of Parameter
        With their priors.

    Raises
    ------
    PriorError
        If R2D2 has another number of concentrations than there are parameters of its class.
    """
    parameters = tuple(parameters)
    targets = dict.fromkeys(t for p in parameters for t in _targets(p))
    return tuple(_shrinking(target, parameters) for target in targets)


def _targets(p: Parameter) -> Iterator[Target]:
    for slot, prior in zip(p.slots, p.priors, strict=False):
        if isinstance(prior.distribution, Shrinkage):
            yield _target(slot)


def _target(slot: Slot) -> Target:
    return Target(slot.resp, slot.dpar or MAIN)


def _shrinking(target: Target, parameters: tuple[Parameter, ...]) -> Shrinking:
    members: list[Member] = []
    sizes: dict[str, int] = {}
    found: dict[str, Shrinkage] = {}
    for p in parameters:
        slots = p.slots * (p.size // max(1, len(p.slots)))
        pairs = enumerate(zip(slots, p.each, strict=False))
        at = tuple(i for i, (slot, prior) in pairs if _is_shrunk(prior, slot, target))
        if at:
            class_ = slots[at[0]].class_
            members.append(Member(p, at, sum(sizes.values())))
            sizes[class_] = sizes.get(class_, 0) + len(at)
            found[class_] = p.each[at[0]].distribution
    prior = next((s for s in found.values() if s.main), next(iter(found.values())))
    sigma = Target(target.resp, UNIT).label
    unit = sigma if prior.autoscale and target.is_main and _has(parameters, sigma) else ""
    concentration = (c for k, size in sizes.items() for c in _concentration(found[k], size))
    return Shrinking(prior, target, tuple(members), unit, tuple(concentration))


def _is_shrunk(resolved: Resolved, slot: Slot, target: Target) -> bool:
    return isinstance(resolved.distribution, Shrinkage) and _target(slot) == target


def _has(parameters: Iterable[Parameter], name: str) -> bool:
    return any(p.name == name for p in parameters)


def _concentration(prior: Shrinkage, size: int) -> tuple[float, ...]:
    """A number for each parameter of a class."""
    given = getattr(prior, "cons_D2", 1.0)
    given = given if isinstance(given, tuple) else (given,) * size
    if len(given) != size:
        raise PriorError(
            f"{prior}: cons_D2 has {len(given)} numbers for {size} parameters; give one number, or "
            "one each."
        )
    return given


def hyper_parameters(shrinking: Shrinking) -> Iterator[Parameter]:
    """The parameters that a shrinkage prior brings with it."""
    dim = shrinking.variable("shrunk")
    labels = tuple(_labels(shrinking))
    for h in shrinking.hypers:
        axes = ((dim,), (labels,)) if h.of_each else ((), ())
        transform = Transform.SHARES if h.prior.name == "dirichlet" else Transform.BOUNDED
        yield Parameter(
            shrinking.variable(h.name),
            Role.SHRINKAGE,
            shrinking.target,
            *axes,
            transform=transform,
            priors=(Resolved(h.prior, h.lower, h.upper, "user"),),
            unit=shrinking.unit if h.in_units else "",
        )


def _labels(shrinking: Shrinking) -> Iterator[str]:
    """What is shrunk: a coefficient's name, or ``sd_g[x]``."""
    for m in shrinking.members:
        names = np.array(list(np.ndindex(m.parameter.shape)))[list(m.positions)]
        for at in names:
            inside = ", ".join(str(c[i]) for c, i in zip(m.parameter.coords, at, strict=True))
            population = m.parameter.role == Role.POPULATION
            yield inside if population else f"{m.parameter.name}[{inside}]"
