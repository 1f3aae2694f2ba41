"""What the demo fits and how it names things, for each dataset that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Demo:
    """A model of one dataset, and the predictions to make from it.

    Attributes
    ----------
    dataset, formula, family : str
    x : str
        The predictor that varies in the predictions.
    grid : tuple
        Its values there.
    group, level : str
        The group, and which of its levels stands for the fitted ones.
    noun : str
        What a level of the group is.
    x_label, y_label : str
        Names with units, for the table and the figure.
    digits : int
        Decimals of a prediction that are worth printing.
    held : mapping
        Values of the other columns that the formula uses, the same in all predictions.
    trials : str, optional
        The column of trials; predictions are for as many of them as `held` says.
    """

    dataset: str
    formula: str
    x: str
    grid: tuple[Any, ...]
    group: str
    level: str
    noun: str
    x_label: str
    y_label: str
    family: str = "gaussian"
    digits: int = 1
    held: Mapping[str, Any] = field(default_factory=dict)
    trials: str | None = None

    @property
    def response(self) -> str:
        return self.formula.split()[0]

    @property
    def categorical(self) -> bool:
        return isinstance(self.grid[0], str)

    @property
    def rows(self) -> pd.DataFrame:
        """One row for each value of the grid; no group."""
        return pd.DataFrame({self.x: self.grid}).assign(**self.held)

    def observed(self, data: pd.DataFrame) -> pd.Series:
        """The responses, on the scale of the predictions."""
        y = data[self.response]
        return y if self.trials is None else y * self.held[self.trials] / data[self.trials]


_ALL = (
    Demo(
        dataset="sleepstudy",
        formula="Reaction ~ 1 + Days + (1 + Days | Subject)",
        x="Days",
        grid=tuple(range(10)),
        group="Subject",
        level="308",
        noun="subject",
        x_label="Days",
        y_label="Reaction time (ms)",
        digits=0,
    ),
    Demo(
        dataset="gpa",
        formula="gpa ~ occasion + (1 + occasion | student)",
        x="occasion",
        grid=tuple(range(6)),
        group="student",
        level="81",
        noun="student",
        x_label="Semesters since the first",
        y_label="Grade point average",
        digits=2,
    ),
    Demo(
        dataset="pupils",
        formula="achievement ~ ses + (1 | primary_school_id)",
        x="ses",
        grid=("lowest", "2", "3", "4", "5", "highest"),
        group="primary_school_id",
        level="12",
        noun="school",
        x_label="Socioeconomic status",
        y_label="Achievement (points)",
        digits=2,
    ),
    Demo(
        dataset="cbpp",
        formula="incidence | trials(size) ~ period + (1 | herd)",
        family="binomial",
        x="period",
        grid=("1", "2", "3", "4"),
        group="herd",
        level="7",
        noun="herd",
        x_label="Period",
        y_label="New cases per 100 animals",
        held={"size": 100},
        trials="size",
    ),
)

DEMOS: Mapping[str, Demo] = {demo.dataset: demo for demo in _ALL}
