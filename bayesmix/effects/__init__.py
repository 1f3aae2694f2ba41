"""What follows from a fit: effects, comparisons, hypotheses. Draws first, tables second."""

from bayesmix.effects.clusters import cluster_comparisons
from bayesmix.effects.comparisons import comparisons, slopes
from bayesmix.effects.conditional import conditional_effects, effects_by_response
from bayesmix.effects.estimates import Estimates
from bayesmix.effects.expectations import Question
from bayesmix.effects.grid import grid
from bayesmix.effects.hypotheses import Hypotheses, hypotheses
from bayesmix.effects.predictions import predictions
from bayesmix.effects.shares import icc
from bayesmix.effects.smooths import conditional_smooths

__all__ = [
    "Estimates",
    "Hypotheses",
    "Question",
    "cluster_comparisons",
    "comparisons",
    "conditional_effects",
    "conditional_smooths",
    "effects_by_response",
    "grid",
    "hypotheses",
    "icc",
    "predictions",
    "slopes",
]
