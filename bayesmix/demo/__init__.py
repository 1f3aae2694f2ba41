"""The demos: a fit of each kind, predictions for the average cluster, a fitted and a new one."""

from bayesmix.demo.models import DEMOS, Demo
from bayesmix.demo.predictions import three_predictions
from bayesmix.demo.report import listing, opening, report
from bayesmix.demo.scene import FORMATS, scene

__all__ = [
    "DEMOS",
    "FORMATS",
    "Demo",
    "listing",
    "opening",
    "report",
    "scene",
    "three_predictions",
]
