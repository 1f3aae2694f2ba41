"""The demo: one fit, and its predictions for the average cluster, a fitted one and a new one."""

from bayesmix.demo.models import DEMOS, Demo
from bayesmix.demo.predictions import three_predictions
from bayesmix.demo.report import opening, report
from bayesmix.demo.scene import FORMATS, scene

__all__ = [
    "DEMOS",
    "FORMATS",
    "Demo",
    "opening",
    "report",
    "scene",
    "three_predictions",
]
