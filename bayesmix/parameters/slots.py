"""The parameters of a model that take a prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Key", "Slot", "dpar_key"]


class Key(NamedTuple):
    """A row of the table of priors; ``""`` is any."""

    class_: str
    dpar: str = ""
    group: str = ""
    coef: str = ""


@dataclass(frozen=True)
class Slot:
    """One parameter, one correlation matrix or one vector of shares, that takes a prior.

    Parameters
    ----------
    class_ : str
        ``"b"``, ``"Intercept"`` (the centred one), ``"sd"``, ``"cor"``, or the name of a
        distributional parameter without a formula (``"sigma"``).
    dpar : str
        The distributional parameter whose formula it is part of; ``"mu"`` becomes ``""``. A
        correlation matrix and a parameter without a formula have ``""``.
    group : str
        The grouping factor of ``sd`` and ``cor``.
    coef : str
        The coefficient of ``b`` and ``sd``, without the prefix of its dpar.
    lower, upper : float
        The parameter's natural range; that of ``sd`` starts at 0.
    shares : int
        How many shares add up to one, where it is a vector of shares; else 0.
    fixed : float or None
        Its value, if it is no parameter but has the place of one; no prior speaks of it.
    shared : bool
        Whether a prior of its class that names no dpar is for it too, as for the predictors of
        several categories.
    default : str
        The default prior of this one alone, where it isn't that of its class.

    Examples
    --------
    >>> Slot("sd", "sigma", "Subject", "Intercept").key
    Key(class_='sd', dpar='sigma', group='Subject', coef='Intercept')
    """

    class_: str
    dpar: str = ""
    group: str = ""
    coef: str = ""
    lower: float = -math.inf
    upper: float = math.inf
    shares: int = 0
    fixed: float | None = None
    shared: bool = False
    default: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dpar", dpar_key(self.dpar))
        if self.class_ in ("sd", "sds", "sderr", "sdgp", "lscale"):
            object.__setattr__(self, "lower", max(0.0, self.lower))

    @property
    def key(self) -> Key:
        """The row that is for this parameter alone."""
        return Key(self.class_, self.dpar, self.group, self.coef)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The rows that speak for this parameter, the most specific first."""
        if self.fixed is not None:
            return ()
        if self.class_ == "df":
            return (self.key,)
        rows = (self.key, self.key._replace(coef=""), Key(self.class_, self.dpar))
        return tuple(dict.fromkeys((*rows, Key(self.class_)) if self.shared else rows))


def dpar_key(dpar: str) -> str:
    """The name of a distributional parameter in the table of priors, where ``mu`` is ``""``."""
    return "" if dpar == "mu" else dpar
