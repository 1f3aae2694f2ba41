"""How residuals of a group are correlated: whitening, colouring and precision in one pass.

Arrays have positions in time on the axis before the last and groups on the last, shorter groups
filled up at their ends; samples come before. Everything but `precise` is written in terms that
``numpy`` and ``pytensor.tensor`` share, which is their argument ``m``.
"""

from bayesmix.correlations.arma import Arma
from bayesmix.correlations.car1 import CAR1
from bayesmix.correlations.cosy import CompoundSymmetry
from bayesmix.correlations.dense import Dense
from bayesmix.correlations.distance import Distance
from bayesmix.correlations.known import Known
from bayesmix.correlations.layout import Correlation, Layout
from bayesmix.correlations.stationary import Stationary
from bayesmix.correlations.unstr import Unstructured

__all__ = [
    "CAR1",
    "Arma",
    "CompoundSymmetry",
    "Correlation",
    "Dense",
    "Distance",
    "Known",
    "Layout",
    "Stationary",
    "Unstructured",
]
