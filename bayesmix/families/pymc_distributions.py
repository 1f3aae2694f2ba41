"""PyMC distributions that keep the digits which PyMC's own lose at large parameters.

PyMC writes the ratio of two gamma functions as a difference of large log gammas. At a shape of
1e8, which a prior for it allows, seven digits of the log density are noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.dist_math import check_parameters

from bayesmix.families.maths import tensor_maths
from bayesmix.families.special import negbinomial_logp, student_logp

__all__ = ["NegativeBinomial", "StudentT"]


class _StudentRV(type(pm.StudentT.rv_op)):
    """A type of its own, for PyMC finds log densities by it."""


class StudentT(pm.StudentT):
    """Student's t with `nu`, `mu` and `sigma`, exact at any degrees of freedom."""

    rv_op = _StudentRV()

    def logp(value: Any, nu: Any, mu: Any, sigma: Any) -> Any:
        """Log density; -inf in a model whose `nu` or `sigma` isn't positive."""
        logp = student_logp(value, nu, mu, sigma, tensor_maths())
        return check_parameters(logp, nu > 0, sigma > 0, msg="nu > 0, sigma > 0")


class _NegativeBinomialRV(type(pm.NegativeBinomial.rv_op)):
    """Likewise."""


class NegativeBinomial(pm.NegativeBinomial):
    """Counts with mean `mu` and variance ``mu + mu**2 / alpha``, exact at any `alpha`."""

    rv_op = _NegativeBinomialRV()

    def logp(value: Any, n: Any, p: Any) -> Any:
        """Log probability; -inf in a model whose `alpha` is out of range."""
        # Written log(1 - p), and not log1p(-p), for PyTensor to see the sigmoid in p.
        logp = negbinomial_logp(value, n, pt.log(p), pt.log(1 - p), tensor_maths())
        logp = pt.where(value < 0, -np.inf, logp)
        return check_parameters(logp, n > 0, n < np.inf, msg="0 < alpha < inf")
