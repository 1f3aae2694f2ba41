"""What is to be sampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayesmix.spec import ModelSpec

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["Problem"]


@dataclass(frozen=True)
class Problem:
    """A model, and its PyMC model for samplers that need one.

    Attributes
    ----------
    spec : ModelSpec
    pymc : callable
        Gives the PyMC model, which is made when it is first asked for.
    changes : tuple of str
        What the user has changed of the PyMC model, in words.
    own : tuple of str
        The variables that the user has added to it.
    """

    spec: ModelSpec
    pymc: Callable[[], pm.Model]
    changes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
