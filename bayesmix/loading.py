"""`load`: a fit from its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bayesmix.families import Family
from bayesmix.fit import Fit, MultipleFit
from bayesmix.model import Model
from bayesmix.storage import read_fit

__all__ = ["load"]


def load(
    path: str | Path,
    namespace: Mapping[str, Callable[..., Any]] | None = None,
    family: Family | None = None,
) -> Fit:
    """Read a fit that `Fit.save` wrote.

    The file is netCDF: ArviZ and xarray read its groups too. Nothing in it is executed; the model
    is built anew from formula, data, family and priors, and its predictions are those of the fit
    that was saved.

    Parameters
    ----------
    path : str or Path
    namespace : dict of str to callable, optional
        Functions of your own that the formula uses; a file can't hold them.
    family : Family, optional
        The family, where it is one of your own (`custom_family`); a file can't hold it either.

    Returns
    -------
    Fit
        A `MultipleFit` where the file is of one.

    Raises
    ------
    StorageError
        If there is no such file, it holds no fit, it is damaged or has been changed, a newer
        bayesmix wrote it, or a function or a family of yours is missing.

    Examples
    --------
    >>> import tempfile
    >>> from bayesmix.bridge import from_brms
    >>> model = Model("y ~ x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 4.0, 8.0]})
    >>> fit = from_brms(model, {"b_Intercept": [0.5], "b_x": [2.0], "sigma": [0.8]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load(fit.save(f"{folder}/fit.nc"))
    >>> again.posterior_epred({"x": [10.0]}).item()
    20.5
    """
    found, idata = read_fit(path, namespace, family)
    if isinstance(found, dict):
        return MultipleFit({k: Model.from_spec(spec) for k, spec in found.items()}, idata)
    return Fit(Model.from_spec(found), idata)
