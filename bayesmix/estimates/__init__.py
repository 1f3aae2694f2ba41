"""Estimates without a posterior: maximum likelihood, restricted and by Laplace's approximation.

What a model is taken for here is its likelihood alone, with the group effects integrated out;
called `PointFit`, as `bayesmix.effects.estimates.Estimates` are summaries of a posterior.
"""

from bayesmix.estimates.optimize import optimize
from bayesmix.estimates.pointfit import PointFit

__all__ = ["PointFit", "optimize"]
