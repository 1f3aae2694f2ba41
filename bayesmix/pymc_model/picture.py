"""PyMC's picture of a model."""

from __future__ import annotations

from typing import Any

import pymc as pm

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
        return pm.model_to_graphviz(model, **kwargs)
    except ImportError as error:
        raise BayesmixError(
            "The picture needs the Python package graphviz, which isn't installed: "
            "pip install graphviz. To show it, the program of that name is needed as well."
        ) from error
