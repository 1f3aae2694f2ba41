"""PyMC's picture of a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.continuous import FlatRV

from bayesmix.errors import BayesmixError


def graph(model: pm.Model, **kwargs: Any) -> Any:
    """The model drawn as a graph; see `pymc.model_to_graphviz`.

    Parameters
    ----------
    model : pymc.Model
    **kwargs
        Passed to `pymc.model_to_graphviz`.

    Returns
    -------
    graphviz.Digraph

    Raises
    ------
    BayesmixError
        If the Python package graphviz isn't installed.
    """
    try:
        with _shapes_of_flat_variables():
            return pm.model_to_graphviz(model, **kwargs)
    except ImportError as error:
        raise BayesmixError(
            "The picture needs the Python package graphviz, which isn't installed: "
            "pip install graphviz. To show it, the program of that name is needed as well."
        ) from error


@contextmanager
def _shapes_of_flat_variables() -> Iterator[None]:
    """PyMC finds out a variable's shape by drawing it, which a flat one refuses."""
    refuses = FlatRV.__dict__["rng_fn"]
    FlatRV.rng_fn = classmethod(lambda cls, rng, size: np.zeros(size or ()))
    try:
        yield
    finally:
        FlatRV.rng_fn = refuses
