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
    resp: str = ""


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
    resp : str
        The response that it belongs to, where the model has several and it belongs to one.

    Examples
    --------
    >>> Slot("sd", "sigma", "Subject", "Intercept").key
    Key(class_='sd', dpar='sigma', group='Subject', coef='Intercept', resp='')
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
    resp: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dpar", dpar_key(self.dpar))
        if self.class_ in ("sd", "sds", "sderr", "sdgp", "lscale"):
            object.__setattr__(self, "lower", max(0.0, self.lower))

    @property
    def key(self) -> Key:
        """The row that is for this parameter alone."""
        return Key(self.class_, self.dpar, self.group, self.coef, self.resp)

    @property
    def class_key(self) -> Key:
        """The row that is for all of its class, within its dpar and response."""
        return self.key if self.class_ == "df" else self.key._replace(group="", coef="")

    @property
    def keys(self) -> tuple[Key, ...]:
        """The rows that speak for this parameter, the most specific first.

        What is said of no response is said of all, unless something is said of the own one.
        """
        if self.fixed is not None:
            return ()
        rows = (self.key, self.key._replace(coef=""), self.class_key)
        rows = (self.key,) if self.class_ == "df" else rows
        rows = (*rows, self.class_key._replace(dpar="")) if self.shared else rows
        if self.resp:
            rows = [k for row in rows for k in (row, row._replace(resp=""))]
        return tuple(dict.fromkeys(rows))


def dpar_key(dpar: str) -> str:
    """The name of a distributional parameter in the table of priors, where ``mu`` is ``""``."""
    return "" if dpar == "mu" else dpar
