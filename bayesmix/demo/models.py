"""What the demos fit and how they name things: one for each kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bayesmix.formula import Formula, bf
from bayesmix.model import Model
from bayesmix.priors import Prior, prior


@dataclass(frozen=True)
class Demo:
    """A model of one dataset, and the predictions to make from it.

    Attributes
    ----------
    name, title : str
        A word for the kind of model, and what it is.
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
    dpars : mapping of str to str
        Formulas of other parameters of the response.
    prior : Prior, optional
        Besides the default ones.
    target_accept : float, optional
        Of the sampler, where it needs another than its default.
    digits : int
        Decimals of a prediction that are worth printing.
    held : mapping
        Values of the other columns that the formula uses, the same in all predictions.
    trials : str, optional
        The column of trials; predictions are for as many of them as `held` says.
    event : number, optional
        The value of the response whose probability is predicted, where that isn't its mean.
    """

    name: str
    title: str
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
    dpars: Mapping[str, str] = field(default_factory=dict)
    prior: Prior | None = None
    target_accept: float | None = None
    digits: int = 1
    held: Mapping[str, Any] = field(default_factory=dict)
    trials: str | None = None
    event: int | None = None

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

    @property
    def terms(self) -> str | Formula:
        """The formula, with those of other parameters."""
        return bf(self.formula, **self.dpars) if self.dpars else self.formula

    @property
    def text(self) -> str:
        """The model in one line."""
        return ", ".join([self.formula, *(f"{p} ~ {f}" for p, f in self.dpars.items())])

    @property
    def settings(self) -> dict[str, float]:
        """What the sampler is told besides draws, chains and seed."""
        return {} if self.target_accept is None else {"target_accept": self.target_accept}

    def model(self, data: pd.DataFrame) -> Model:
        """The model of the dataset."""
        return Model(self.terms, data, self.family, prior=self.prior)

    def comparable(self, data: pd.DataFrame) -> pd.DataFrame:
        """The rows whose labels are those that the predictions hold."""
        labels = {c: v for c, v in self.held.items() if isinstance(v, str)}
        return data[(data[list(labels)] == pd.Series(labels, dtype=object)).all(axis=1)]

    def observed(self, data: pd.DataFrame) -> pd.Series:
        """The responses, on the scale of the predictions."""
        y = data[self.response]
        if self.event is not None:
            return (y == self.event).astype(float)
        return y if self.trials is None else y * self.held[self.trials] / data[self.trials]


_ALL = (
    Demo(
        name="slopes",
        title="Intercepts and slopes that differ between groups",
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
        name="intercepts",
        title="Groups that differ in level, a predictor in categories",
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
        name="trials",
        title="Cases out of a known number",
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
    Demo(
        name="binary",
        title="Yes or no",
        dataset="verbagg",
        formula="y ~ btype + situ + (1 | id)",
        family="bernoulli",
        x="btype",
        grid=("curse", "scold", "shout"),
        group="id",
        level="5",
        noun="person",
        x_label="Behaviour, where another is to blame",
        y_label="Share of yes",
        digits=2,
        held={"situ": "other"},
        event=1,
    ),
    Demo(
        name="counts",
        title="Counts that scatter more than Poisson's",
        dataset="epilepsy",
        formula="count ~ visit + Trt + (1 | patient)",
        family="negbinomial",
        x="visit",
        grid=("1", "2", "3", "4"),
        group="patient",
        level="35",
        noun="patient",
        x_label="Visit, with treatment",
        y_label="Seizures in two weeks",
        held={"Trt": "1"},
    ),
    Demo(
        name="ordered",
        title="Ordered categories",
        dataset="inhaler",
        formula="rating ~ treat + period + carry + (1 | subject)",
        family="cumulative",
        x="treat",
        grid=(-0.5, 0.5),
        group="subject",
        level="177",
        noun="patient",
        x_label="Inhaler, as a contrast",
        y_label="Probability of rating 1, clear",
        digits=2,
        held={"period": 0, "carry": 0},
        event=1,
    ),
    Demo(
        name="distributional",
        title="Scatter that differs between groups as well",
        dataset="sleepstudy",
        formula="Reaction ~ 1 + Days + (1 + Days | s | Subject)",
        dpars={"sigma": "1 + (1 | s | Subject)"},
        x="Days",
        grid=tuple(range(10)),
        group="Subject",
        level="332",
        noun="subject",
        x_label="Days",
        y_label="Reaction time (ms)",
        digits=0,
    ),
    Demo(
        name="smooth",
        title="A curve whose shape the data choose",
        dataset="squid",
        formula="Testisweight ~ s(DML, k=6) + (1 | MONTH)",
        prior=prior("normal(0, 5)", "sds"),
        target_accept=0.99,
        x="DML",
        grid=tuple(range(100, 501, 25)),
        group="MONTH",
        level="1",
        noun="month",
        x_label="Length of the mantle (mm)",
        y_label="Weight of the testis (g)",
    ),
    Demo(
        name="correlated",
        title="Residuals that hang together over time",
        dataset="gpa",
        formula="gpa ~ occasion + ar(occasion, gr=student, cov=True) + (1 | student)",
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
        name="survival",
        title="Times to an event, some of them censored",
        dataset="kidney",
        formula="time | cens(censored) ~ recur + sex + (1 | patient)",
        family="weibull",
        target_accept=0.95,
        x="recur",
        grid=("1", "2"),
        group="patient",
        level="9",
        noun="patient",
        x_label="First or second time, women",
        y_label="Time to infection (days)",
        digits=0,
        held={"sex": "female"},
    ),
)

DEMOS: Mapping[str, Demo] = {demo.name: demo for demo in _ALL}
