"""The spine: one row for every group-level coefficient of the model.

Names, priors, correlations and predictions for new levels are all filters on this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bayesmix.formula.structures import Structure
from bayesmix.parameters import Target


@dataclass(frozen=True)
class GroupCoef:
    """A group-level coefficient.

    Attributes
    ----------
    group : str
        Grouping factor, ``a:b`` for an interaction.
    id : str
        Coefficients of one group with one id are correlated, if `correlated`. The user's, or one
        of our own (``"#1"``) for each bracket without.
    target : Target
        The response's parameter whose predictor it belongs to.
    coef : str
        Name within that predictor.
    structure : Structure
        Of the covariances within its bracket or id.
    by : str or None
        Factor whose levels have sd and cor of their own.
    dist, cov : str or None
        Distribution of the effects, known covariance among levels.
    """

    group: str
    id: str
    target: Target
    coef: str
    structure: Structure
    by: str | None = None
    dist: str = "gaussian"
    cov: str | None = None

    @property
    def correlated(self) -> bool:
        return self.structure.correlated

    @property
    def name(self) -> str:
        """The coefficient's name within its group, with the prefix of its predictor."""
        return self.target.named(self.coef)


Spine = tuple[GroupCoef, ...]


def coefs_of(spine: Iterable[GroupCoef], group: str) -> Spine:
    """The rows of one group, in the order of its dimension ``{group}_coef``."""
    return tuple(c for c in spine if c.group == group)


def sd_of(coefs: Spine) -> tuple[int, ...]:
    """For each coefficient of a group the one whose standard deviation it has: mostly its own."""
    ids = [c.id for c in coefs]
    return tuple(ids.index(c.id) if c.structure.sds == "one" else k for k, c in enumerate(coefs))


def blocks(spine: Iterable[GroupCoef], group: str) -> tuple[tuple[int, ...], ...]:
    """The positions, within the group, of the coefficients that are correlated with each other."""
    members: dict[object, list[int]] = {}
    for i, c in enumerate(coefs_of(spine, group)):
        members.setdefault(c.id if c.correlated else i, []).append(i)
    return tuple(tuple(m) for m in members.values())
