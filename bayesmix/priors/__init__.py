"""Priors: their strings, brms's defaults, and the table of who gets which."""

from bayesmix.parameters.slots import Slot
from bayesmix.priors.defaults import default_priors
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.prior import Prior, prior
from bayesmix.priors.resolve import resolve
from bayesmix.priors.table import PriorTable, Resolved

__all__ = [
    "Distribution",
    "Prior",
    "PriorTable",
    "Resolved",
    "Slot",
    "default_priors",
    "prior",
    "resolve",
]
