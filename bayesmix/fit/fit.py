"""`Fit`: a model with its posterior draws, and the questions that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix import summary
from bayesmix.fit.checks import Checks
from bayesmix.fit.effects import Effects
from bayesmix.fit.plots import Plots
from bayesmix.fit.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

    from bayesmix.families import Family
    from bayesmix.formula import Formula, MvFormula
    from bayesmix.priors import Prior
    from bayesmix.spec import ModelSpec


class Fit(Tables, Effects, Checks):
    """A fitted model, made by `Model.fit`, `brm`, `load` or `from_brms`; prints as a summary.

    Attributes
    ----------
    model : Model
    idata : xarray.DataTree
        Groups ``posterior``, ``sample_stats`` and ``observed_data``; everything that ArviZ knows
        works on it.

    Examples
    --------
    Two draws, given rather than sampled:

    >>> import bayesmix as bx
    >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0], "g": ["a", "a", "b", "b"]}
    >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0],
    ...          "sd_g__Intercept": [1.0, 2.0], "r_g[a,Intercept]": [-1.0, -1.2],
    ...          "r_g[b,Intercept]": [1.0, 1.4]}
    >>> fit = bx.from_brms(bx.Model("y ~ x + (1 | g)", data), draws)
    >>> fit.fixef(probs=[0.5])
              Estimate Est.Error  Q50
    coef
    Intercept     0.60      0.14 0.60
    x             2.10      0.14 2.10
    >>> fit.coef()["g"]["Estimate"].unstack()
    coef  Intercept    x
    g
    a          -0.5  2.1
    b           1.8  2.1
    """

    @property
    def plot(self) -> Plots:
        """Pictures; see `Plots`.

        Returns
        -------
        Plots

        Examples
        --------
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> fit.plot.conditional_effects("x").axes[0].get_xlabel()
        'x'
        """
        return Plots(self)

    def update(
        self,
        formula: str | Formula | MvFormula | None = None,
        data: Any = None,
        family: str | Family | Sequence[str | Family] | None = None,
        prior: Prior | Iterable[Prior] | None = None,
        data2: Mapping[str, pd.DataFrame] | None = None,
        **sampling: Any,
    ) -> Fit:
        """Fit the model anew with some of its parts changed.

        Parameters
        ----------
        formula, data, family, prior, data2 : optional
            As for `Model.update`, where a dot is what was there: ``". ~ . + x"``.
        **sampling
            Of ``Model.fit``; by default as many draws and chains as this fit has.

        Returns
        -------
        Fit

        Raises
        ------
        FormulaError, DataError, FamilyError, PriorError, SamplingError
            As `Model` and `Model.fit`.

        References
        ----------
        brms: https://paulbuerkner.com/brms/reference/update.brmsfit.html

        Examples
        --------
        >>> import bayesmix as bx
        >>> sleep = bx.load_dataset("sleepstudy")
        >>> fit = bx.brm("Reaction ~ Days + (1 | Subject)", sleep, random_seed=1, progressbar=False)
        >>> other = fit.update(". ~ . + I(Days**2)", random_seed=1, progressbar=False)
        >>> other.fixef().index.tolist()
        ['Intercept', 'Days', 'I(Days ** 2)']
        """
        model = self.model.update(formula, data, family, prior, data2)
        return model.fit(**self._sampling(sampling))

    def save(self, path: str | Path) -> Path:
        """Write the fit to one file, which `load` reads.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path

        Raises
        ------
        StorageError
            If the file can't be written.

        Examples
        --------
        >>> import tempfile
        >>> import bayesmix as bx
        >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
        >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
        >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = bx.load(fit.save(f"{folder}/fit.nc"))
        >>> again.fixef()["Estimate"].to_dict()
        {'Intercept': 0.6, 'x': 2.1}
        """
        from bayesmix.storage import save_fit

        return save_fit(self.model.spec, self.idata, path)

    def __repr__(self) -> str:
        return summary.fit_text(*self._shown)

    def _repr_html_(self) -> str:
        return summary.fit_html(*self._shown)

    @property
    def _shown(self) -> tuple[ModelSpec, pd.DataFrame, str, int, int]:
        """What a fit shows of itself: model, summary, data, chains and draws."""
        sizes = self.idata["posterior"].sizes
        return self.model.spec, self.summary(), self._data_text, sizes["chain"], sizes["draw"]

    @property
    def _data_text(self) -> str:
        return f"{len(self.model.spec.design.frame)} rows"
