"""Draws × design → linear predictor, expectation, prediction, log likelihood."""

from bayesmix.predict.density import log_density
from bayesmix.predict.draws import Draws
from bayesmix.predict.effects import NA
from bayesmix.predict.response import Prediction

__all__ = ["NA", "Draws", "Prediction", "log_density"]
