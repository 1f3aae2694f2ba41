"""What the demo prints."""

from __future__ import annotations

from collections.abc import Sequence

from bayesmix.datasets import describe_dataset
from bayesmix.demo.models import DEMOS, Demo
from bayesmix.demo.predictions import side_by_side
from bayesmix.fit import Fit
from bayesmix.plots import Prediction

LEVELS = 3
"""How many of the fitted clusters to show."""


def opening(demo: Demo) -> str:
    """What is going to be fitted."""
    about = describe_dataset(demo.dataset)
    return f"{demo.title}.\n{about.name}: {about.title}\nFitting {demo.text}, {demo.family} …"


def listing() -> str:
    """The demos: name, kind of model, dataset and formula of each."""
    width = max(map(len, DEMOS))
    return "\n".join(
        f"{name:{width}}  {demo.title}\n{'':{width}}  {demo.dataset}: {demo.text}, {demo.family}"
        for name, demo in DEMOS.items()
    )


def report(fit: Fit, demo: Demo, predictions: Sequence[Prediction]) -> str:
    """The summary, the group table and the predictions side by side."""
    return "\n\n".join(
        [
            repr(fit),
            _group_table(fit, demo),
            f"Expected {demo.y_label[0].lower()}{demo.y_label[1:]}, with 95% intervals:",
            side_by_side(demo, predictions).to_string(),
            _reading(demo),
        ]
    )


def _group_table(fit: Fit, demo: Demo) -> str:
    spread, coef = fit.varcorr()[demo.group], fit.coef()[demo.group]
    levels = coef.index.unique(0)
    names = [c for c in coef.index.unique(1) if _of_a_threshold(c) in spread.sd.index]
    first = coef.loc[[(level, name) for level in levels[:LEVELS] for name in names]]
    return "\n\n".join(
        [
            f"How {demo.noun}s differ:",
            repr(spread),
            f"The first {LEVELS} of {len(levels)} {demo.noun}s, each with its own coefficients:",
            repr(first),
        ]
    )


def _of_a_threshold(coef: str) -> str:
    """``Intercept[1]``, a threshold of ordered categories, moves with the ``Intercept``."""
    return "Intercept" if coef.startswith("Intercept[") else coef


def _reading(demo: Demo) -> str:
    noun = demo.noun
    return (
        f"The average {noun} has group effects of zero; {noun} {demo.level} has those estimated "
        f"from the data;\na new {noun} has effects drawn from their distribution: the interval "
        f"spans what {noun}s are like."
    )
