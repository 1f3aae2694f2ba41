"""What the figure of a demo shows."""

from __future__ import annotations

import pandas as pd

from bayesmix.demo.models import Demo
from bayesmix.plots import Scene

FORMATS = (".png", ".pdf", ".svg")


def scene(demo: Demo, data: pd.DataFrame) -> Scene:
    """The grid, the names and the data of a demo.

    Parameters
    ----------
    demo : Demo
    data : DataFrame
        What the model was fitted to.
    """
    data = demo.comparable(data)
    x = data[demo.x].astype(object)
    if demo.categorical:
        x = x.map({value: i for i, value in enumerate(demo.grid)})
    observed = pd.DataFrame({"cluster": data[demo.group], "x": x, "y": demo.observed(data)})
    names = demo.noun, demo.level, demo.x_label, demo.y_label, demo.text
    return Scene(demo.grid, *names, observed, shares=demo.event is not None)
