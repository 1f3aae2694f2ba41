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
from pytensor.tensor.random.op import RandomVariable

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


class _NegativeBinomialRV(RandomVariable):
    name = "negative_binomial"
    signature = "(),()->()"
    dtype = "int64"
    _print_name = ("NegativeBinomial", "\\operatorname{NegativeBinomial}")

    @classmethod
    def rng_fn(cls, rng: np.random.Generator, mu: Any, alpha: Any, size: Any) -> Any:
        return rng.poisson(mu * (rng.standard_gamma(alpha, size) / alpha))


class NegativeBinomial(pm.Discrete):
    """Counts with mean `mu` and variance ``mu + mu**2 / alpha``, exact at any `alpha`."""

    rv_op = _NegativeBinomialRV()

    @classmethod
    def dist(cls, mu: Any, alpha: Any, **kwargs: Any) -> Any:
        """Make a random variable without a model."""
        return super().dist([pt.as_tensor(mu), pt.as_tensor(alpha)], **kwargs)

    def support_point(rv: Any, size: Any, mu: Any, alpha: Any) -> Any:
        """Start at the mean, rounded down."""
        return pt.floor(pt.broadcast_to(mu, rv.shape))

    def logp(value: Any, mu: Any, alpha: Any) -> Any:
        """Log probability; -inf in a model whose `mu` or `alpha` is out of range."""
        logp = negbinomial_logp(value, mu, alpha, tensor_maths())
        logp = pt.where(value < 0, -np.inf, logp)
        return check_parameters(logp, mu >= 0, alpha > 0, msg="mu >= 0, alpha > 0")
