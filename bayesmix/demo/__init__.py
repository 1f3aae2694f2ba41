"""The demo: one fit, and its predictions for the average cluster, a fitted one and a new one."""

from bayesmix.demo.figure import FORMATS, draw
from bayesmix.demo.models import DEMOS, Demo
from bayesmix.demo.predictions import Prediction, three_predictions
from bayesmix.demo.report import opening, report

__all__ = [
    "DEMOS",
    "FORMATS",
    "Demo",
    "Prediction",
    "draw",
    "opening",
    "report",
    "three_predictions",
]
