"""``mm()`` on data: the weights of a row's members, and the columns that each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.columns import first_row
from bayesmix.design.factors import Quantity, make_quantity
from bayesmix.design.matrix import Matrix, build_matrix
from bayesmix.errors import DataError
from bayesmix.formula.memberships import covariates, is_covariate, members_of
from bayesmix.formula.tree import Grouping, GroupTerm


@dataclass(frozen=True)
class Weights:
    """How much each member of a row counts.

    Attributes
    ----------
    name : str
        The group's.
    count : int
        The number of members.
    quantities : tuple of Quantity
        One for each member; none where all count the same.
    scale : bool
        Whether they are made to add up to one.
    """

    name: str
    count: int
    quantities: tuple[Quantity, ...]
    scale: bool

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """Rows × members.

        Raises
        ------
        DataError
            If weights that are to add up to one are negative, or all zero.
        """
        if not self.quantities:
            return np.full((len(frame), self.count), 1.0 / self.count if self.scale else 1.0)
        weights = np.stack([q.on(frame) for q in self.quantities], axis=1)
        if not self.scale:
            return weights
        self._refuse((weights < 0).any(axis=1), frame, "a negative weight")
        total = weights.sum(axis=1, keepdims=True)
        self._refuse(total[:, 0] == 0, frame, "no weight above 0")
        return weights / total

    def _refuse(self, where: np.ndarray, frame: pd.DataFrame, what: str) -> None:
        if where.any():
            row = first_row(pd.Series(where, index=frame.index))
            raise DataError(
                f"Group {self.name!r} has {what} in row {row}, and weights are made to add up to "
                "one; set scale=False to take them as they are."
            )


def weights_of(
    grouping: Grouping, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> Weights | None:
    """The weights of ``mm()``; None for a grouping of one level a row."""
    if grouping.mm is None:
        return None
    made = tuple(make_quantity(e, frame, functions, source) for e in grouping.mm.weights)
    return Weights(grouping.name, members_of(grouping), made, grouping.mm.scale)


def matrices_of(
    term: GroupTerm, frame: pd.DataFrame, functions: Mapping[str, Any], source: str
) -> list[Matrix]:
    """The columns of a bracket for each of its members, which ``mmc()`` makes different.

    Raises
    ------
    FormulaError
        If a covariate of members isn't numeric.
    """
    members = range(members_of(term.grouping))
    return [_matrix(term, member, frame, functions, source) for member in members]


def _matrix(
    term: GroupTerm,
    member: int,
    frame: pd.DataFrame,
    functions: Mapping[str, Any],
    source: str,
) -> Matrix:
    called = {i: t.label for i, t in enumerate(term.coefs.terms) if is_covariate(t)}
    matrix = build_matrix(covariates(term.coefs, member), frame, functions, source, called)
    return replace(matrix, terms=term.coefs)
