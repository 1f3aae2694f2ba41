"""Estimates with their draws: what predictions, comparisons, slopes and hypotheses result in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix.effects.contrasts import contrasted
from bayesmix.predict import Draws
from bayesmix.statistics import summarise
from bayesmix.tables import Table

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, repr=False)
class Estimates:
    """Quantities with their draws; prints as a table.

    Attributes
    ----------
    rows : DataFrame
        What each quantity is of.
    values : ndarray
        Samples × quantities.
    samples : Draws
        Whose samples they are.
    about : mapping of str to str
        What was averaged, drawn and held.
    probs : tuple of float
        Quantiles that the table has.
    robust : bool
        Median and mad (times 1.4826) in place of mean and sd.
    widths : bool
        Whether the table has the width of the interval between the outer quantiles.
    """

    rows: pd.DataFrame
    values: np.ndarray
    samples: Draws
    about: Mapping[str, str] = field(default_factory=dict)
    probs: tuple[float, ...] = (0.025, 0.975)
    robust: bool = False
    widths: bool = False

    @property
    def draws(self) -> xr.DataArray:
        """The draws: dims ``sample`` (with ``chain`` and ``draw``) and ``row``."""
        import xarray as xr

        samples = xr.Coordinates.from_pandas_multiindex(self.samples.samples, "sample")
        coords = {"row": np.arange(len(self.rows)), **samples}
        coords |= {str(c): ("row", _plain(self.rows[c])) for c in self.rows}
        return xr.DataArray(self.values, coords, ["sample", "row"], "estimate", dict(self.about))

    @property
    def table(self) -> pd.DataFrame:
        """A row for each quantity: what it is of, then ``Estimate, Est.Error, Q2.5, Q97.5``."""
        numbers = summarise(self.values, self.rows.index, self.probs, self.robust)
        if self.widths and len(self.probs) > 1:
            low, high = (numbers[f"Q{100 * p:g}"] for p in (min(self.probs), max(self.probs)))
            numbers = numbers.assign(Width=high - low)
        return Table(pd.concat([self.rows, numbers], axis=1))

    def hypothesis(self, hypothesis: str | Sequence[str]) -> Estimates:
        """Contrasts of the quantities, draw by draw.

        Parameters
        ----------
        hypothesis : str or list of str
            ``"pairwise"`` (each less each before), ``"sequential"`` (each less the one before),
            ``"reference"`` (each less the first), or arithmetic on ``b0, b1, …``, the quantities
            in the order of the table (``"b1 - b0"``, ``"b1 = 2 * b0"``, which is their difference).

        Returns
        -------
        Estimates
            A row for each contrast.

        Raises
        ------
        PredictionError
            If it names others or can't be read.

        References
        ----------
        marginaleffects: https://marginaleffects.com/man/r/hypotheses.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> made = fit.predictions({"x": [0, 1, 2]})
        >>> made.hypothesis("sequential").table[["hypothesis", "Estimate"]]
          hypothesis Estimate
        0    b1 - b0     2.10
        1    b2 - b1     2.10
        """
        names, values = contrasted(hypothesis, self.values)
        return replace(self, rows=pd.DataFrame({"hypothesis": names}), values=values)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def _plain(column: pd.Series) -> np.ndarray:
    """Numbers and times as they are, all else as objects."""
    return column.to_numpy() if column.dtype.kind in "iufbM" else column.to_numpy(object)
