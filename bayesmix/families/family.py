"""What a family is: facts about a response distribution, and a few small functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError, listed
from bayesmix.families.links import LINKS, Link

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
    """

    name: str
    link: str
    links: tuple[str, ...]
    lower: float = -np.inf
    upper: float = np.inf


@dataclass(frozen=True)
class Family:
    """A response distribution: what brms knows about it, and small functions that use it.

    Parameters
    ----------
    name : str
    dpars : tuple of Dpar
        ``mu`` first.
    check : callable
        ``check(y, aux)`` raises ``DataError`` (naming the first offending row's position) if a
        response can't come from this family.
    logp : callable
        ``logp(y, dpars, aux)``: log density or probability, natural scale, numpy.
    mean : callable
        ``mean(dpars, aux)``: expected response.
    random : callable
        ``random(rng, dpars, aux)``: responses, one for each element of the broadcast dpars.
    pymc : callable
        ``pymc(dpars, aux)``: the unnamed PyMC distribution of the response, as
        ``(distribution class, keyword arguments)``; dpars are PyTensor variables, natural scale.
    discrete : bool
        Whether responses are integers.
    needs : tuple of str
        Addition terms that must be given (``"trials"``).
    log_scale : bool
        Whether ``mu`` lives on the scale of log(response), as for a lognormal (default priors
        look at log(y) then).
    """

    name: str
    dpars: tuple[Dpar, ...]
    check: Callable[[Array, Aux], None]
    logp: Callable[[Array, Dpars, Aux], Array]
    mean: Callable[[Dpars, Aux], Array]
    random: Callable[[np.random.Generator, Dpars, Aux], Array]
    pymc: Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Any, dict[str, Any]]]
    discrete: bool = False
    needs: tuple[str, ...] = ()
    log_scale: bool = False

    @property
    def dpar_names(self) -> tuple[str, ...]:
        return tuple(d.name for d in self.dpars)

    def dpar(self, name: str) -> Dpar:
        """The parameter of that name; FamilyError lists what there is."""
        for d in self.dpars:
            if d.name == name:
                return d
        raise FamilyError(
            f"Family {self.name!r} has no parameter {name!r}; it has {listed(self.dpar_names)}."
        )

    def link(self, dpar: str) -> Link:
        return LINKS[self.dpar(dpar).link]

    def with_link(self, dpar: str, link: str) -> Family:
        """The same family with another link for one parameter."""
        old = self.dpar(dpar)
        if link not in old.links:
            raise FamilyError(
                f"{dpar!r} of family {self.name!r} can't have the link {link!r}; "
                f"it can have {listed(old.links)}."
            )
        new = replace(old, link=link)
        return replace(self, dpars=tuple(new if d is old else d for d in self.dpars))
