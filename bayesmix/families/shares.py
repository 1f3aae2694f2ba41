"""Shares of categories that add up to one, from a linear predictor for each but a reference."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from bayesmix.errors import DataError, FamilyError, did_you_mean, listed
from bayesmix.families.family import Array, Dpar, Family, Option
from bayesmix.families.maths import NUMPY, Maths
from bayesmix.families.special import quietly

__all__ = ["REFCAT", "Shares", "columns_of", "with_categories"]

REFCAT = Option("refcat", ..., (), ...)
"""The category whose predictor is 0, the first unless it is told; None for none."""


@dataclass(frozen=True)
class Shares:
    """The categories, and how linear predictors become their shares.

    Parameters
    ----------
    labels : tuple
        All categories.
    names : tuple of str or None
        The parameter of each; None for the reference.
    """

    labels: tuple[Any, ...]
    names: tuple[str | None, ...]

    @property
    def mains(self) -> tuple[str, ...]:
        """The parameters, in the order of the categories."""
        return tuple(n for n in self.names if n is not None)

    @property
    def predicted(self) -> tuple[Any, ...]:
        """The categories that have a parameter."""
        return tuple(v for v, n in zip(self.labels, self.names, strict=True) if n is not None)

    def logs(self, p: Mapping[str, Any], m: Maths) -> list[Any]:
        """The logarithm of each category's share, exact where it is tiny."""
        etas = [0.0 if n is None else p[n] for n in self.names]
        top = reduce(m.maximum, etas)
        total = sum(m.exp(eta - top) for eta in etas)
        return [eta - top - m.log(total) for eta in etas]

    @quietly
    def of(self, p: Mapping[str, Array]) -> Array:
        """The shares in numpy, on an axis more, the last."""
        values = {n: np.asarray(p[n], dtype=float) for n in self.mains}
        return np.exp(np.stack(np.broadcast_arrays(*self.logs(values, NUMPY)), axis=-1))


def with_categories(family: Family, labels: Sequence[Any] | None) -> tuple[Family, Shares]:
    """The family with a parameter for each category but the reference, as brms names them.

    Raises
    ------
    FamilyError
        If the response has no categories.
    DataError
        If it has fewer than two, or two whose parameters would have one name.
    """
    if labels is None:
        raise FamilyError(
            f"Family {family.name!r} needs a response in categories: text, or numbers made a "
            "category by astype('category') or str."
        )
    if len(labels) < 2:
        raise DataError(f"Family {family.name!r} needs a response of at least two categories.")
    reference = _reference(family, labels)
    names = [None if k == reference else _name(v) for k, v in enumerate(labels)]
    if len(set(names)) < len(names):
        raise DataError(
            f"Two categories of {', '.join(map(str, labels))} have names that differ in signs "
            "only; rename one."
        )
    shares = Shares(tuple(labels), tuple(names))
    mains = tuple(Dpar(n, "logit", ("logit",), latent=True) for n in shares.mains)
    others = tuple(d for d in family.dpars if d.name != "mu")
    changed = replace(
        family,
        dpars=(*mains, *others),
        main=shares.mains,
        outcome=("category", shares.labels),
        main_outcome=("category", shares.predicted),
    )
    return changed, shares


def _reference(family: Family, labels: Sequence[Any]) -> int | None:
    """The place of the category whose predictor is 0."""
    asked = family.option(REFCAT.name)
    if asked is None or asked is REFCAT.default:
        return None if asked is None else 0
    texts = [str(label) for label in labels]
    if str(asked) not in texts:
        raise FamilyError(
            f"refcat={asked!r} is no category of the response; it has {listed(labels)}."
            + did_you_mean(str(asked), texts)
        )
    return texts.index(str(asked))


def _name(label: Any) -> str:
    return "mu" + re.sub(r"[^0-9A-Za-z]", "", str(label))


def columns_of(y: Any, aux: Mapping[str, Any]) -> list[Any]:
    """The columns of a response."""
    return [y, *(aux[name] for name in Family.column_names(len(aux) + 1) if name in aux)]
