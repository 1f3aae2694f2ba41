"""The model of one data set on another of the same kind: imputed, simulated, or of another year."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bayesmix.build import rebuilt
from bayesmix.design.alike import as_in, check_alike, check_columns, check_levels
from bayesmix.design.frames import training_frames
from bayesmix.errors import DataError, FamilyError, FormulaError, MissingRowsWarning
from bayesmix.formula.multivariate import formulas_of
from bayesmix.frames import to_pandas
from bayesmix.spec import ModelSpec


def on_data(spec: ModelSpec, data: Any, what: str = "The data") -> ModelSpec:
    """The model on another data set, its parameters meaning the same.

    Priors, scales, bases of splines and codings of factors are those that it has on its own data.

    Parameters
    ----------
    spec : ModelSpec
    data : DataFrame
    what : str
        What messages call it.

    Raises
    ------
    DataError
        If columns, their types or levels are others, or the data don't make a model.

    Warns
    -----
    MissingRowsWarning
        If rows are left out because values of used columns are missing.
    """
    frame = to_pandas(data, what=what)
    check_columns(spec.design.frame, frame, what)
    with _named(what):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MissingRowsWarning)
            typed = training_frames(formulas_of(spec.formula), frame).whole
        check_alike(spec.design.frame, typed, what)
        made = rebuilt(spec, frame)
    check_levels(spec.design, made.design, what)
    _check_parameters(spec, made, what)
    design = as_in(made.design, spec.design)
    predictors = {p.target: p for p in design.predictors}
    responses = tuple(
        replace(r, data=d, predictors={k: predictors[p.target] for k, p in r.predictors.items()})
        for r, d in zip(made.responses, design.responses, strict=True)
    )
    return replace(spec, responses=responses, design=design)


def _check_parameters(spec: ModelSpec, made: ModelSpec, what: str) -> None:
    """What the checks of columns let through: thresholds, periods, places."""
    found = {p.name: p for p in made.parameters}
    for p in spec.parameters:
        q = found.pop(p.name, None)
        if q is None or q.coords != p.coords:
            raise DataError(
                f"{what} gives {p.name!r} other levels than the first data set does; all data "
                "sets need the same."
            )
    for name in found:
        raise DataError(f"{what} needs a parameter {name!r}, which the first data set hasn't.")


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Errors with the name of the data set that they are about."""
    try:
        yield
    except (FormulaError, DataError, FamilyError) as error:
        text = str(error)
        raise (error if what.lower() in text.lower() else DataError(f"{what}: {text}")) from error
