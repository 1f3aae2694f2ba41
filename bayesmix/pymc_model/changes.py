"""What a user has changed of a PyMC model since it was built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pymc as pm

KINDS = {
    "free_RVs": "the random variable",
    "observed_RVs": "the observed variable",
    "deterministics": "the deterministic",
    "potentials": "the potential",
    "data_vars": "the data",
}


@dataclass(frozen=True)
class Snapshot:
    """A model's variables by kind and name, and what samplers make of them."""

    variables: Mapping[str, Mapping[str, Any]]
    transforms: Mapping[str, Any]


_BUILT: WeakKeyDictionary[pm.Model, Snapshot] = WeakKeyDictionary()


def remember(model: pm.Model) -> None:
    """Note what a model is before a user sees it."""
    _BUILT[model] = _snapshot(model)


def changes_of(model: pm.Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What has changed since `remember`, in words, and the names of what may be kept.

    Returns
    -------
    changes : tuple of str
        ``"the potential 'prior_of_sigma' was added"``; empty if nothing has changed.
    own : tuple of str
        New random variables and deterministics.
    """
    before, now = _BUILT[model], _snapshot(model)
    own = [
        name
        for kind in ("free_RVs", "deterministics")
        for name in now.variables[kind]
        if name not in before.variables[kind]
    ]
    return tuple(_changes(before, now)), tuple(own)


def _snapshot(model: pm.Model) -> Snapshot:
    variables = {kind: {v.name: v for v in getattr(model, kind)} for kind in KINDS}
    transforms = {rv.name: model.rvs_to_transforms[rv] for rv in model.free_RVs}
    return Snapshot(variables, transforms)


def _changes(before: Snapshot, now: Snapshot) -> Iterator[str]:
    for kind, words in KINDS.items():
        old, new = before.variables[kind], now.variables[kind]
        yield from (f"{words} {name!r} was added" for name in new if name not in old)
        yield from (f"{words} {name!r} was removed" for name in old if name not in new)
        both = old.keys() & new.keys()
        yield from (f"{words} {n!r} was replaced" for n in sorted(both) if old[n] is not new[n])
    for name, transform in now.transforms.items():
        if name in before.transforms and before.transforms[name] is not transform:
            yield f"the transform of {name!r} was replaced"
