"""`brm`: a model and its fit in one call, from a file where there is one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.errors import StaleFitWarning, StorageError, listed
from bayesmix.families import Family
from bayesmix.fit import Fit, MultipleFit
from bayesmix.formula import Formula, MvFormula
from bayesmix.loading import load
from bayesmix.model import Model
from bayesmix.priors import Prior
from bayesmix.spec import ModelSpec
from bayesmix.storage import Stored, write_frame, write_recipe

__all__ = ["brm"]

Label = int | str
ONLY: Label = ""
"""Stands for the data set of a fit that has one."""

ON_CHANGE, NEVER, ALWAYS = "on_change", "never", "always"
REFITS = (ON_CHANGE, NEVER, ALWAYS)
PACKAGE = str(Path(__file__).parent)
PARTS = {
    "formula": "the formula",
    "family": "the family",
    "priors": "the priors",
    "default_priors": "default_priors",
    "frame": "the data",
    "data2": "data2",
}
"""What a file keeps of a model, in words."""
STORED = {"tune": "tuning_steps", "target_accept": "target_accept"}
"""Settings that stand in the attributes of a posterior, and their names there."""


def brm(
    formula: str | Formula | MvFormula,
    data: Any,
    family: str | Family | Sequence[str | Family] | None = None,
    prior: Prior | Iterable[Prior] = (),
    namespace: Mapping[str, Callable[..., Any]] | None = None,
    data2: Mapping[str, pd.DataFrame] | None = None,
    default_priors: str = "brms",
    file: str | Path | None = None,
    file_refit: str = ON_CHANGE,
    **sampling: Any,
) -> Fit:
    """Make a `Model` and fit it.

    Parameters
    ----------
    formula, data, family, prior, namespace, data2, default_priors
        See `Model`.
    file : str or Path, optional
        Where the fit is kept, ``.nc`` added to a name without an ending: read from there if it is
        there, written to it if not.
    file_refit : str
        What happens if it is there: ``"on_change"``, it is fitted anew if formula, data, family,
        priors, or draws, chains, tune, target_accept or a seed that is a number are others than
        those of the file; ``"never"``, it is read as it is, with a warning if something has
        changed; ``"always"``.
    **sampling
        See `Model.fit`.

    Returns
    -------
    Fit

    Raises
    ------
    StorageError
        If the file is no fit, or its folder isn't there; before anything is sampled.

    Warns
    -----
    StaleFitWarning
        If what was read is the fit of another model or with other settings.

    References
    ----------
    brms: https://paulbuerkner.com/brms/reference/brm.html, whose ``file_refit`` is ``"never"`` by
    default, and silent.

    Examples
    --------
    >>> import tempfile
    >>> from bayesmix.priors import prior
    >>> data = {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 4.0, 8.0]}
    >>> how = {"draws": 10, "prior_only": True, "prior": prior("normal(0, 1)", "b")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = brm("y ~ x", data, file=f"{folder}/fit", **how)
    ...     again = brm("y ~ x", data, file=f"{folder}/fit", **how)
    >>> bool((first.idata["posterior"]["b"] == again.idata["posterior"]["b"]).all())
    True
    """
    model = Model(formula, data, family, prior, namespace, data2, default_priors)
    return kept_or_made(
        file,
        file_refit,
        model,
        lambda kept: changes(kept, {ONLY: model}, sampling),
        lambda: model.fit(**sampling),
    )


def kept_or_made(
    file: str | Path | None,
    file_refit: str,
    model: Model,
    changed: Callable[[Fit], Iterable[str]],
    make: Callable[[], Fit],
) -> Fit:
    """The fit in a file where it is the one that is asked for, or a new one, which is kept there.

    Parameters
    ----------
    file : str or Path or None
    file_refit : str
    model : Model
        What is the user's own of it is needed to read the file.
    changed : callable
        In words, what of the fit in the file is other than asked for.
    make : callable
    """
    if file is None:
        return make()
    path = _checked(file, file_refit)
    if path.exists() and file_refit != ALWAYS:
        own = next((r.asked for r in model.spec.responses if r.family.custom), None)
        kept = load(path, model.spec.design.functions, own)
        found = list(dict.fromkeys(changed(kept)))
        if not found:
            return kept
        if file_refit == NEVER:
            warnings.warn(
                f"The fit in {str(path)!r} is another one than was asked for: {', '.join(found)} "
                f"changed. file_refit={ON_CHANGE!r} fits it anew.",
                StaleFitWarning,
                skip_file_prefixes=(PACKAGE,),
            )
            return kept
    fit = make()
    fit.save(path)
    return fit


def _checked(file: str | Path, file_refit: str) -> Path:
    if file_refit not in REFITS:
        raise StorageError(f"file_refit is one of {listed(REFITS)}, not {file_refit!r}.")
    path = Path(file)
    path = path if path.suffix else path.with_suffix(".nc")
    if not path.absolute().parent.is_dir():
        raise StorageError(
            f"There is no folder {str(path.absolute().parent)!r} to keep a fit in; make it first."
        )
    return path


def changes(kept: Fit, models: Mapping[Label, Model], sampling: Mapping[str, Any]) -> Iterator[str]:
    """What is other than in the file, in words; `models` are those of the data sets."""
    there = kept.models if isinstance(kept, MultipleFit) else {ONLY: kept.model}
    if list(there) != list(models):
        yield "the data sets"
    else:
        (first, *others) = zip(there.values(), models.values(), strict=True)
        yield from _parts(*(m.spec for m in first))
        for pair in others:
            if not _same_frames(*(m.spec.design.frame for m in pair)):
                yield PARTS["frame"]
    yield from _settings(kept, sampling)


def _parts(kept: ModelSpec, asked: ModelSpec) -> Iterator[str]:
    (old, old_arrays), (new, new_arrays) = write_recipe(kept), write_recipe(asked)
    for part, words in PARTS.items():
        same = _plain(old[part]) == _plain(new[part])
        if part == "frame" and same:
            same = _same(old_arrays, new_arrays)
        if not same:
            yield words


def _same_frames(kept: pd.DataFrame, asked: pd.DataFrame) -> bool:
    (old, old_arrays), (new, new_arrays) = (write_frame(f, "data") for f in (kept, asked))
    return _plain(old) == _plain(new) and _same(old_arrays, new_arrays)


def _plain(value: Any) -> Any:
    """As it comes out of a file, where tuples are lists."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _same(old: Mapping[str, Stored], new: Mapping[str, Stored]) -> bool:
    return set(old) == set(new) and all(_equal(old[k].values, new[k].values) for k in old)


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def _settings(kept: Fit, sampling: Mapping[str, Any]) -> Iterator[str]:
    usual = {k: p.default for k, p in signature(Model.fit).parameters.items()}
    asked, posterior = {**usual, **sampling}, kept.idata["posterior"]
    found = kept._sampling({})
    found |= {name: posterior.attrs.get(there) for name, there in STORED.items()}
    found["prior_only"] = posterior.attrs.get("sampler") == "prior"
    if isinstance(asked["random_seed"], int):
        found["random_seed"] = posterior.attrs.get("random_seed")
    yield from (name for name, value in found.items() if value != asked[name])
