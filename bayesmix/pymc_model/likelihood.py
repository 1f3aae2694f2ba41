"""The observed responses, given their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm

from bayesmix.spec import Response


def add_likelihood(response: Response, dpars: Mapping[str, Any], rows: str) -> None:
    """Register a response whose rows are independent, in the open model.

    Parameters
    ----------
    response : Response
    dpars : mapping of str to tensor
        On the natural scale.
    rows : str
        The dimension of the rows.
    """
    data, family = response.data, response.family
    y = data.y.astype(np.int64) if family.discrete else data.y
    aux = {k: v.astype(np.int64) if k == "trials" else v for k, v in data.aux.items()}
    distribution, kwargs = family.pymc(dpars, aux)
    if "weights" not in aux:
        distribution(data.name, **kwargs, observed=y, dims=rows)
        return
    observed = distribution.dist(**kwargs, shape=len(y))
    pm.Potential(f"{data.name}_weighted", aux["weights"] * pm.logp(observed, y), dims=rows)
