"""Draws × design → linear predictor, expectation, prediction, log likelihood."""

from bayesmix.predict.density import log_density
from bayesmix.predict.draws import Draws
from bayesmix.predict.effects import NA
from bayesmix.predict.pooled import PooledPrediction, Share, shares
from bayesmix.predict.request import Request
from bayesmix.predict.response import Prediction
from bayesmix.predict.several import Several, predicted, prediction

__all__ = [
    "NA",
    "Draws",
    "PooledPrediction",
    "Prediction",
    "Request",
    "Several",
    "Share",
    "log_density",
    "predicted",
    "prediction",
    "shares",
]
