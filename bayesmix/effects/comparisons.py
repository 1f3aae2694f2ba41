"""What a change of a variable does to expectations: contrasts of two values, and slopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.effects.estimates import Estimates
from bayesmix.effects.expectations import Expectations, Question, flat
from bayesmix.effects.predictions import By, estimates, rows_of, sets_of
from bayesmix.effects.variables import Variable, find, variables
from bayesmix.errors import PredictionError, did_you_mean, listed

Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]

STEP = 1e-5
"""Half of the change that a slope is computed from, as a part of the variable's range."""


def _lnor(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    if min(high.min(initial=0.5), low.min(initial=0.5)) < 0 or (
        max(high.max(initial=0.5), low.max(initial=0.5)) > 1
    ):
        raise PredictionError(
            "comparison='lnor' compares probabilities, and these aren't. Use 'difference' or "
            "'ratio'."
        )
    with np.errstate(all="ignore"):
        return np.log(high / (1 - high)) - np.log(low / (1 - low))


COMPARISONS: Mapping[str, tuple[str, Compare]] = {
    "difference": ("{} - {}", lambda high, low: high - low),
    "ratio": ("{} / {}", lambda high, low: high / low),
    "lnratio": ("ln({} / {})", lambda high, low: np.log(high / low)),
    "lnor": ("ln(odds({}) / odds({}))", _lnor),
    "lift": ("({0} - {1}) / {1}", lambda high, low: (high - low) / low),
}
"""How they are compared, and how that reads."""

BETWEEN = {
    "sd": lambda x: (x.mean() - x.std() / 2, x.mean() + x.std() / 2),
    "2sd": lambda x: (x.mean() - x.std(), x.mean() + x.std()),
    "iqr": lambda x: (x.quantile(0.25), x.quantile(0.75)),
    "minmax": lambda x: (x.min(), x.max()),
}
"""Fixed values of a number to compare."""

AMONG = {
    "reference": lambda levels: [(level, levels[0]) for level in levels[1:]],
    "sequential": lambda levels: list(zip(levels[1:], levels[:-1], strict=True)),
    "pairwise": lambda levels: [(b, a) for a, b in combinations(levels, 2)],
}
"""Which levels of a factor to compare."""


@dataclass(frozen=True)
class Change:
    """Two values of a variable for every row.

    Attributes
    ----------
    label : str
    high, low : Series
    width : float or None
        What a slope divides the difference by.
    """

    label: str
    high: pd.Series
    low: pd.Series
    width: float | None = None


def comparisons(question: Question, newdata: Any, asked: Any, comparison: Any, by: By) -> Estimates:
    """See `Fit.comparisons`."""
    text, compare = _comparison(comparison)
    rows, known = rows_of(question.spec, newdata), variables(question.spec)
    changes = [
        (v.name, change)
        for v, how in _asked(known, asked)
        for change in _changes(v, how, rows, text)
    ]
    return _compared(question, rows, changes, compare, by)


def slopes(question: Question, newdata: Any, asked: Any, by: By) -> Estimates:
    """See `Fit.slopes`."""
    rows, known = rows_of(question.spec, newdata), variables(question.spec)
    text, difference = COMPARISONS["difference"]
    changes = [
        (v.name, change)
        for v, how in _asked(known, asked)
        for change in ([_slope(v, rows)] if v.numeric else _changes(v, how, rows, text))
    ]
    return _compared(question, rows, changes, difference, by)


def _comparison(comparison: Any) -> tuple[str, Compare]:
    if callable(comparison):
        return "{}, {}", comparison
    if not isinstance(comparison, str) or comparison not in COMPARISONS:
        raise PredictionError(
            f"comparison must be one of {listed(COMPARISONS)} or a function of the two "
            f"expectations, not {comparison!r}.{did_you_mean(str(comparison), COMPARISONS)}"
        )
    return COMPARISONS[comparison]


def _asked(known: Mapping[str, Variable], asked: Any) -> Iterator[tuple[Variable, Any]]:
    """The variables to compare by, and how; all by default."""
    if asked is None:
        asked = dict.fromkeys(name for name, v in known.items() if not v.error)
    elif not isinstance(asked, Mapping):
        asked = dict.fromkeys([asked] if isinstance(asked, str) else asked)
    if not asked:
        raise PredictionError("The model's predictors read no column, so there is no comparison.")
    for name, how in asked.items():
        yield find(known, name, "variables"), how


def _changes(v: Variable, how: Any, rows: pd.DataFrame, text: str) -> list[Change]:
    if not v.numeric:
        return [
            Change(text.format(b, a), *(_constant(v, x, rows) for x in (b, a)))
            for b, a in _pairs(v, how)
        ]
    if how is None or _is_number(how):
        step = 1.0 if how is None else float(how)
        here = v.column(_column(v, rows), "newdata")
        return [Change(_stepped(text, step), here + step, here)]
    low, high = _ends(v, how)
    return [
        Change(text.format(f"{high:g}", f"{low:g}"), *(_constant(v, x, rows) for x in (high, low)))
    ]


def _stepped(text: str, step: float) -> str:
    if text == COMPARISONS["difference"][0]:
        return f"{step:+g}"
    return text.format(f"(x {'+' if step > 0 else '-'} {abs(step):g})", "x")


def _pairs(v: Variable, how: Any) -> list[tuple[Any, Any]]:
    if how is None or (isinstance(how, str) and how in AMONG):
        return AMONG[how or "reference"](v.levels)
    if isinstance(how, str) or not np.iterable(how) or len(list(how)) != 2:
        raise PredictionError(
            f"variables: {v.name!r} can be compared by {listed(AMONG)} or two of its levels, "
            f"not {how!r}."
        )
    low, high = v.column(how, "variables")
    return [(high, low)]


def _ends(v: Variable, how: Any) -> tuple[float, float]:
    if isinstance(how, str) and how in BETWEEN:
        return tuple(map(float, BETWEEN[how](v.values)))
    if isinstance(how, str) or not np.iterable(how) or len(list(how)) != 2:
        raise PredictionError(
            f"variables: {v.name!r} can be compared by a step, two values, or one of "
            f"{listed(BETWEEN)}, not {how!r}."
        )
    return tuple(v.column(how, "variables"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _constant(v: Variable, value: Any, rows: pd.DataFrame) -> pd.Series:
    return v.column([value] * len(rows), "variables")


def _column(v: Variable, rows: pd.DataFrame) -> pd.Series:
    if v.name not in rows.columns:
        raise PredictionError(f"newdata has no column {v.name!r}, which is to be changed.")
    return rows[v.name]


def _slope(v: Variable, rows: pd.DataFrame) -> Change:
    """A small change around each value; at the ends of the data one that stays within them."""
    least, most = v.range
    half = STEP * ((most - least) or 1.0)
    here = v.column(_column(v, rows), "newdata")
    inside = here.between(least, most)
    centre = here.where(~inside, here.clip(least + half, max(most - half, least + half)))
    return Change("dY/dX", centre + half, centre - half, 2 * half)


def _compared(
    question: Question,
    rows: pd.DataFrame,
    changes: Sequence[tuple[str, Change]],
    compare: Compare,
    by: By,
) -> Estimates:
    """Both expectations of every change at once, in sets of rows, and what comes of them."""
    of_row, sets = sets_of(rows, by)
    made = [_of_change(question, rows, *c, compare, of_row, sets) for c in changes]
    expected = made[0][0]
    described = pd.concat([rows for _, rows, _ in made], ignore_index=True)
    return estimates(expected, described, np.concatenate([v for _, _, v in made], axis=1))


def _of_change(
    question: Question,
    rows: pd.DataFrame,
    name: str,
    change: Change,
    compare: Compare,
    of_row: np.ndarray | None,
    sets: pd.DataFrame,
) -> tuple[Expectations, pd.DataFrame, np.ndarray]:
    n, plain = len(sets), rows.reset_index(drop=True)
    both = pd.concat([plain.assign(**{name: x}) for x in (change.high, change.low)])
    predicted = question.on(both.reset_index(drop=True))
    at = None if of_row is None else np.concatenate([of_row, n + of_row])
    expected = Expectations.of(predicted, at, 2 * n)
    high, low = expected.values[:, :, :n], expected.values[:, :, n:]
    values = _checked(compare(high, low), high)
    values = values if change.width is None else values / change.width
    # Of a single row the column that changes has no value of its own.
    described = expected.described(
        sets.drop(columns=name, errors="ignore") if of_row is None else sets
    )
    described.insert(0, "term", name)
    described.insert(1, "contrast", change.label)
    return expected, described, flat(values)


def _checked(values: Any, like: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.shape != like.shape:
        raise PredictionError(
            f"The comparison makes an array {values.shape} of two that are {like.shape}; it must "
            "keep their shape."
        )
    return values
