"""Pictures: functions of a result that return a figure."""

from bayesmix.plots.checks import KINDS, check, prior_posterior
from bayesmix.plots.intervals import caterpillar, forest, varcorr
from bayesmix.plots.lines import conditional_effect, conditional_smooth, spaghetti
from bayesmix.plots.residuals import autocorrelation, residuals, semivariogram
from bayesmix.plots.shrinkage import shrinkage
from bayesmix.plots.style import label
from bayesmix.plots.three import Prediction, Scene, three_predictions

__all__ = [
    "KINDS",
    "Prediction",
    "Scene",
    "autocorrelation",
    "caterpillar",
    "check",
    "conditional_effect",
    "conditional_smooth",
    "forest",
    "label",
    "prior_posterior",
    "residuals",
    "semivariogram",
    "shrinkage",
    "spaghetti",
    "three_predictions",
    "varcorr",
]
