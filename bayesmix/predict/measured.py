"""True values of measured covariates on new rows: known ones, and draws given what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pandas as pd

from bayesmix.design import Measured
from bayesmix.design.columns import first_row, label_codes, label_key
from bayesmix.design.contributions import Contribution, GroupEffects
from bayesmix.design.drawn import DrawnColumns
from bayesmix.design.measured import TRUE, TrueValues, differing
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.predict.draws import Draws
from bayesmix.predict.seeds import Seeds
from bayesmix.priors import measured

SCRATCH = 2**17
"""Elements of the temporary arrays; bounds the memory beside the result."""


@dataclass(frozen=True)
class OnRows:
    """Covariates whose true values are drawn together, on new rows.

    Attributes
    ----------
    of : Measured
    numbers : tuple of int
        The covariates that count.
    values, noise : ndarray
        Measurements and their standard errors, places × covariates that count.
    index : ndarray of int
        The place of each row.
    fitted : ndarray of int
        For each place the level of the fit that it is; -1 where it is new.
    keys : tuple of str
        Of the places that are levels of a group what tells them apart; else nothing.
    """

    of: Measured
    numbers: tuple[int, ...]
    values: np.ndarray
    noise: np.ndarray
    index: np.ndarray
    fitted: np.ndarray
    keys: tuple[str, ...] = ()

    def true_values(self, draws: Draws, seeds: Seeds) -> np.ndarray:
        """Samples × places × covariates, those that count.

        Those of new places are draws of the model's distribution given what was measured; a
        measurement without error is the true value.
        """
        shape = len(draws), len(self.values), len(self.of.names)
        new = (self.fitted < 0) & (self.noise > 0).any(axis=1)
        if self.numbers == tuple(range(shape[-1])) and not (new.any() or (self.fitted >= 0).any()):
            return np.broadcast_to(self.values, shape)
        made = np.zeros(shape)
        made[:, :, self.numbers] = self.values
        known = self.fitted >= 0
        made[:, known] = draws[self.of.named(TRUE)][:, self.fitted[known]]
        mean, root = measured.distribution(self.of, draws, self.numbers)
        for places, z in self._deviates(np.flatnonzero(new), draws, seeds):
            given = self.values[places], self.noise[places]
            centre, factor, _ = measured.given(*_columns(mean, root), *given, np)
            for k, number in enumerate(self.numbers):
                made[:, places, number] = centre[k] + sum(
                    r * z[:, :, j] for j, r in enumerate(factor[k])
                )
        return made

    def _deviates(
        self, places: np.ndarray, draws: Draws, seeds: Seeds
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Some places at a time, and standard normal numbers: samples × these × covariates."""
        name, count = self.of.named(TRUE), len(self.numbers)
        rng = seeds.stream("true values", name)
        step = max(1, SCRATCH // (draws.total * count**2))
        for start in range(0, len(places), step):
            part = places[start : start + step]
            if self.keys:
                streams = (seeds.stream("true values", name, self.keys[place]) for place in part)
                z = np.stack([s.standard_normal((count, draws.total)) for s in streams])
            else:
                z = rng.standard_normal((len(part), count, draws.total))
            yield part, np.moveaxis(z[..., draws.ids], 2, 0)


def _columns(mean: np.ndarray, root: np.ndarray) -> tuple[list, list[list]]:
    """Each number as a column of samples."""
    size = range(mean.shape[1])
    return [mean[:, [k]] for k in size], [[root[:, i, [j]] for j in size] for i in size]


def on_rows(
    wanted: Mapping[object, tuple[Contribution, ...]],
    sets: tuple[Measured, ...],
    frame: pd.DataFrame,
    newdata: pd.DataFrame,
    new_levels: bool,
    exact: bool,
) -> tuple[OnRows, ...]:
    """The measured covariates that contributions use, on new rows.

    Parameters
    ----------
    wanted : mapping to tuple of Contribution
    sets : tuple of Measured
        Those of the model.
    frame : DataFrame
        The columns that they read, checked.
    newdata : DataFrame
        With grouping columns.
    new_levels : bool
        Whether levels that the fit doesn't know are allowed.
    exact : bool
        Whether measurements are the true values.

    Raises
    ------
    PredictionError
        For negative errors, levels that aren't known, and measurements that differ within a level,
        or from those that it had in the fit.
    """
    used = {(d.variable, d.number) for cs in wanted.values() for c in cs for d in _truths(c)}
    found = []
    for m in sets:
        numbers = tuple(k for k in range(len(m.names)) if (m.named(TRUE), k) in used)
        if numbers:
            values, noise = m.on(frame, numbers)
            _check_errors(m, numbers, noise, frame.index)
            rows = np.arange(len(frame))
            made = OnRows(m, numbers, values, noise, rows, np.full(len(frame), -1))
            if exact:
                made = replace(made, noise=np.zeros_like(noise))
            elif m.group is not None:
                made = _in_levels(made, newdata, new_levels)
            found.append(made)
    return tuple(found)


def _truths(c: Contribution) -> Iterator[TrueValues]:
    drawn = c.drawn if isinstance(c, DrawnColumns | GroupEffects) else ()
    return (d for d in chain.from_iterable(drawn) if isinstance(d, TrueValues))


def _check_errors(m: Measured, numbers: tuple[int, ...], noise: np.ndarray, rows: pd.Index) -> None:
    wrong = (noise < 0).any(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        name = m.names[numbers[int((noise[row] < 0).argmax())]]
        raise PredictionError(
            f"newdata: the standard error of {name!r} is {noise[row].min():g} in row "
            f"{first_row(pd.Series(wrong, rows))}; it can be 0, where the true value is known, but "
            "not less."
        )


def _in_levels(made: OnRows, newdata: pd.DataFrame, new_levels: bool) -> OnRows:
    """Levels of a group have one true value each; each row without a level has its own."""
    group, name = made.of.group, made.of.group.name
    count = len(newdata)
    keys = np.full(count, "", object)
    if name in newdata.columns:
        codes, labels = label_codes(newdata[name])
        keys = np.array([*map(label_key, labels), ""], object)[codes]
    elif not new_levels:
        raise PredictionError(
            f"newdata has no column {name!r}, whose levels have the true values of "
            f"{listed(made.of.names)}."
            + did_you_mean(name, newdata.columns)
            + " With allow_new_levels=True each row is a new level."
        )
    level = np.array([group.positions.get(key, -1) for key in keys], np.int64)
    if (level < 0).any() and not new_levels:
        row, label = int((level < 0).argmax()), first_row(pd.Series(level < 0, newdata.index))
        what = f"the level {keys[row]!r}, which the fit doesn't know," if keys[row] else "no level"
        raise PredictionError(
            f"Group {name!r} has {what} in row {label} of newdata, so that the true "
            f"value of {listed(made.of.names)} isn't known. The fit knows {listed(group.levels)}. "
            "Set allow_new_levels=True to draw it, given what was measured."
        )
    exact = (made.noise == 0).all(axis=1)
    level = np.where(exact, -1, level)
    alone = exact | (keys == "")
    of_rows = np.array([f"\x00{row}" for row in range(len(newdata))], object)
    own = np.where(alone, of_rows, keys).astype(str)
    _check_agree(made, level, own, newdata.index)
    places, first, index = np.unique(own, return_index=True, return_inverse=True)
    return replace(
        made,
        values=made.values[first],
        noise=made.noise[first],
        index=index.reshape(-1),
        fitted=level[first],
        keys=tuple(places.tolist()),
    )


def _check_agree(made: OnRows, level: np.ndarray, own: np.ndarray, rows: pd.Index) -> None:
    """A level was measured once."""
    known, m, codes = level >= 0, made.of, np.unique(own, return_inverse=True)[1].reshape(-1)
    for k, number in enumerate(made.numbers):
        for new, old in ((made.values, m.values), (made.noise, m.noise)):
            wrong = known & ~np.isclose(new[:, k], old[level, number])
            if wrong.any():
                row = int(wrong.argmax())
                raise PredictionError(
                    f"Level {m.group.levels[level[row]]!r} of {m.group.name!r} was measured in the "
                    f"fit: {m.names[number]!r} is {m.values[level[row], number]:g} with the "
                    f"standard error {m.noise[level[row], number]:g}, and newdata has "
                    f"{made.values[row, k]:g} with {made.noise[row, k]:g} in row "
                    f"{first_row(pd.Series(wrong, rows))}. "
                    "Give a new level a label of its own; a true value that is known has the "
                    "standard error 0."
                )
            differ = differing(new[:, k], codes)
            if differ.size:
                raise PredictionError(
                    f"Level {str(own[differ[0]])!r} of {m.group.name!r} has one true value of "
                    f"{m.names[number]!r}, but measurements differ between rows "
                    f"{listed(rows[differ].tolist(), limit=10)} of newdata."
                )


def with_true_values(draws: Draws, on: tuple[OnRows, ...], seeds: Seeds) -> Draws:
    """The draws, and the true values of new rows."""
    if not on:
        return draws
    made = {o.of.new_places: o.true_values(draws, seeds) for o in on}
    return replace(draws, values={**draws.values, **made})
