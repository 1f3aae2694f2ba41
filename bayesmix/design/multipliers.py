"""What ``by=`` multiplies functions of covariates by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.design.factors import On, Quantity, is_factor, make_quantity
from bayesmix.formula.tree import Expr, render


@dataclass(frozen=True)
class Multiplier:
    """What a function is multiplied by: a number, or 1 on the rows of one level and 0 on others.

    Attributes
    ----------
    label : str
        ``z``, ``f[a]``.
    quantity : Quantity or None
        The number.
    column : str
        The factor.
    level : object
    """

    label: str
    quantity: Quantity | None = None
    column: str = ""
    level: Any = None

    def on(self, frame: pd.DataFrame) -> np.ndarray:
        """One value a row."""
        if self.quantity is not None:
            return self.quantity.on(frame)
        return (frame[self.column] == self.level).to_numpy(float)


def multipliers(by: Expr, on: On, skipped: int = 0) -> Iterator[Multiplier]:
    """A number, or one for each level of a factor but for the first ones that are skipped."""
    frame = on[0]
    if not is_factor(by, frame):
        yield Multiplier(render(by), make_quantity(by, *on))
        return
    for level in frame[by.name].cat.categories[skipped:]:
        yield Multiplier(f"{by.name}[{level}]", column=by.name, level=level)
