"""A fit to and from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix.errors import BayesmixError, StorageError
from bayesmix.storage.archive import Archive, read, write
from bayesmix.storage.recipe import read_recipe, write_recipe
from bayesmix.storage.tree import put_together, take_apart

if TYPE_CHECKING:
    from bayesmix.fit import Fit


def save(fit: Fit, path: str | Path) -> Path:
    """Write a fit to one file; see `Fit.save`."""
    path = _checked(path)
    recipe, data = write_recipe(fit.model.spec)
    groups, draws = take_apart(fit.idata)
    write(Archive({"model": recipe, "groups": groups}, draws | data), path)
    return path


def load(path: str | Path, namespace: Mapping[str, Callable[..., Any]] | None = None) -> Fit:
    """Read a fit that `Fit.save` wrote.

    The file is netCDF: ArviZ and xarray read its groups too. Nothing in it is executed; the model
    is built anew from formula, data, family and priors, and its predictions are those of the fit
    that was saved.

    Parameters
    ----------
    path : str or Path
    namespace : dict of str to callable, optional
        Functions of your own that the formula uses; a file can't hold them.

    Returns
    -------
    Fit

    Raises
    ------
    StorageError
        If there is no such file, it holds no fit, it is damaged or has been changed, a newer
        bayesmix wrote it, or a function is missing.

    Examples
    --------
    >>> import tempfile
    >>> from bayesmix.bridge import from_brms
    >>> from bayesmix.model import Model
    >>> model = Model("y ~ x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 4.0, 8.0]})
    >>> fit = from_brms(model, {"b_Intercept": [0.5], "b_x": [2.0], "sigma": [0.8]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load(fit.save(f"{folder}/fit.nc"))
    >>> again.posterior_epred({"x": [10.0]}).item()
    20.5
    """
    from bayesmix.fit import Fit
    from bayesmix.model import Model

    path = _checked(path)
    archive = read(path)
    try:
        spec = read_recipe(archive.header["model"], archive.arrays, namespace)
        idata = put_together(archive.header["groups"], archive.arrays)
    except StorageError:
        raise
    except (BayesmixError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"The fit in {str(path)!r} can't be put together again: {error}"
        ) from error
    return Fit(Model.from_spec(spec), idata)


def _checked(path: Any) -> Path:
    if not isinstance(path, str | PathLike):
        raise StorageError(f"The path of a fit is a text or a Path, not {path!r}.")
    return Path(path)
