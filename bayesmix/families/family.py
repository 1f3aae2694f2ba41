"""What a family is: facts about a response distribution, and a few small functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesmix.errors import FamilyError, did_you_mean, listed
from bayesmix.families.links import LINKS, Link
from bayesmix.families.row import RowKernel

__all__ = ["Array", "Aux", "Dpar", "Dpars", "Family"]

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
        ``check(y, aux, labels=None)`` raises ``DataError`` if a response can't come from this
        family; it names the first such row by its label, or by its position without `labels`.
    logp : callable
        ``logp(y, dpars, aux)``: log density or probability, natural scale, numpy; -inf where a
        parameter is out of its range.
    mean : callable
        ``mean(dpars, aux)``: expected response.
    random : callable
        ``random(rng, dpars, aux)``: responses, one for each element of the broadcast dpars;
        ``PredictionError`` if a parameter is out of its range or too large to draw with.
    pymc : callable
        ``pymc(dpars, aux)``: the unnamed PyMC distribution of the response, as
        ``(distribution class, keyword arguments)``; dpars are PyTensor variables, natural scale,
        best made by ``link(…).inverse_tensor(eta)``.
    discrete : bool
        Whether responses are integers.
    needs : tuple of str
        Addition terms that must be given (``"trials"``).
    log_scale : bool
        Whether ``mu`` lives on the scale of log(response), as for a lognormal (default priors
        look at log(y) then).
    row : RowKernel, optional
        The log density of one row with derivatives; without it models are sampled through PyMC.
    """

    name: str
    dpars: tuple[Dpar, ...]
    check: Callable[..., None]
    logp: Callable[[Array, Dpars, Aux], Array]
    mean: Callable[[Dpars, Aux], Array]
    random: Callable[[np.random.Generator, Dpars, Aux], Array]
    pymc: Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Any, dict[str, Any]]]
    discrete: bool = False
    needs: tuple[str, ...] = ()
    log_scale: bool = False
    row: RowKernel | None = None

    def __repr__(self) -> str:
        links = ", ".join(f"{d.name}: {d.link}" for d in self.dpars)
        return f"<family {self.name} ({links})>"

    @property
    def dpar_names(self) -> tuple[str, ...]:
        """The parameters' names, ``mu`` first."""
        return tuple(d.name for d in self.dpars)

    def natural(self, etas: Mapping[str, Array]) -> dict[str, Array]:
        """Parameters on their natural scale, from their linear predictors.

        A probability `mu` comes with its ``"mu_log_odds"``, from which the log density is exact
        also where the probability is rounded to 0 or 1.
        """
        values = {name: self.link(name).inverse(eta) for name, eta in etas.items()}
        if self.link("mu").odds is not None and self.dpar("mu").upper == 1 and "mu" in etas:
            values["mu_log_odds"] = self.link("mu").log_odds(etas["mu"])
        return values

    def dpar(self, name: str) -> Dpar:
        """The parameter of that name; FamilyError lists what there is."""
        for d in self.dpars:
            if d.name == name:
                return d
        raise FamilyError(
            f"Family {self.name!r} has no parameter {name!r}; it has {listed(self.dpar_names)}."
        )

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
        return replace(self, dpars=tuple(new if d is old else d for d in self.dpars))
