"""The exceptions and warnings of the package.

Everything that is raised on purpose stands in one of two trees::

    BayesmixError
    ├── FormulaError      a formula that can't be read, or that doesn't fit the data
    ├── DataError         a data frame, column or row
    ├── FamilyError       a family, link or distributional parameter
    ├── PriorError        a prior
    ├── PredictionError   new data, ``re_formula``, new levels
    ├── SamplingError     a sampler that is not there or could not run
    ├── EstimationError   a likelihood that can't be maximised as asked
    └── StorageError      a file that holds no fit

    BayesmixWarning
    ├── MissingRowsWarning   rows left out of a fit
    ├── ConvergenceWarning   draws not to be trusted yet
    ├── ExtrapolationWarning splines beyond their data
    ├── StaleFitWarning      a file that holds another fit
    └── CacheWarning         compiled functions that can't be kept

Messages say what was wrong, where, and what there is instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BayesmixError",
    "BayesmixWarning",
    "CacheWarning",
    "ConvergenceWarning",
    "DataError",
    "EstimationError",
    "ExtrapolationWarning",
    "FamilyError",
    "FormulaError",
    "MissingRowsWarning",
    "PredictionError",
    "PriorError",
    "SamplingError",
    "StaleFitWarning",
    "StorageError",
    "did_you_mean",
    "listed",
]


class BayesmixError(Exception):
    """Base of every error that the package raises on purpose.

    Examples
    --------
    >>> import bayesmix as bx
    """


class FormulaError(BayesmixError):
    """A formula that can't be read, or that doesn't fit the data.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    source : str, optional
        The formula's text; quoted under the message.
    span : tuple of int, optional
        Start and end of the place in `source` that carets point at.
    hint : str, optional
        What to write instead.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.bf("y ~ x + (1 + x | g")
    Traceback (most recent call last):
    bayesmix.errors.FormulaError: This '(' is never closed.
      y ~ x + (1 + x | g
              ^
    """

    def __init__(
        self,
        message: str,
        source: str | None = None,
        span: tuple[int, int] | None = None,
        hint: str | None = None,
    ) -> None:
        self.message = message
        self.source = source
        self.span = span
        self.hint = hint
        super().__init__(_with_caret(message, source, span, hint))


class DataError(BayesmixError):
    """A data frame, column or row that can't be used.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.load_dataset("sleep")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bayesmix.errors.DataError: There is no dataset 'sleep'. Did you mean 'sleepstudy'? There
      are 'cbpp', 'dll', 'epilepsy', ...
    """


class FamilyError(BayesmixError):
    """A family, link or distributional parameter that doesn't exist or doesn't fit.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.family("student", link_sigma="logit")
    Traceback (most recent call last):
    bayesmix.errors.FamilyError: 'sigma' of family 'student' can't have the link 'logit'; it
      can have 'log', 'identity', 'softplus', 'squareplus'. Did you mean 'log'?
    """


class PriorError(BayesmixError):
    """A prior that can't be read or that matches no parameter.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.prior("normal(0, -1)")
    Traceback (most recent call last):
    bayesmix.errors.PriorError: 'normal(0, -1)': sigma of normal(mu, sigma) must be greater
      than 0, not -1.
    """


class PredictionError(BayesmixError):
    """A prediction that can't be made as asked.

    Examples
    --------
    >>> import bayesmix as bx
    >>> data = {"y": [1.0, 3.0, 4.0, 8.0], "x": [0.0, 1.0, 2.0, 3.0]}
    >>> draws = {"b_Intercept": [0.5, 0.7], "b_x": [2.0, 2.2], "sigma": [0.8, 1.0]}
    >>> fit = bx.from_brms(bx.Model("y ~ x", data), draws)
    >>> fit.fixef(probs=[2])
    Traceback (most recent call last):
    bayesmix.errors.PredictionError: probs must be numbers between 0 and 1, not [2].
    """


class SamplingError(BayesmixError):
    """A sampler that is not installed or could not run.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy")).fit(sampler="stan")
    Traceback (most recent call last):
    bayesmix.errors.SamplingError: There is no sampler 'stan'. There is 'auto', 'fused',
      'nutpie', 'pymc', 'numpyro', 'blackjax'.
    """


class EstimationError(BayesmixError):
    """A likelihood that can't be maximised as asked.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy")).optimize("map")
    Traceback (most recent call last):
    bayesmix.errors.EstimationError: method is one of 'ml', 'reml', 'laplace', not 'map'.
    """


class StorageError(BayesmixError):
    """A file that holds no readable fit.

    Examples
    --------
    >>> import bayesmix as bx
    >>> bx.load("nothing.nc")
    Traceback (most recent call last):
    bayesmix.errors.StorageError: There is no file 'nothing.nc'.
    """


class BayesmixWarning(UserWarning):
    """Base of the package's warnings.

    Examples
    --------
    >>> import warnings
    >>> import bayesmix as bx
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", bx.BayesmixWarning)
    ...     model = bx.Model("y ~ 1", {"y": [1.0, None, 3.0]})
    >>> len(model.data)
    2
    """


class MissingRowsWarning(BayesmixWarning):
    """Rows with missing values were left out of a fit.

    Examples
    --------
    >>> import warnings
    >>> import bayesmix as bx
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = bx.Model("y ~ 1", {"y": [1.0, None, 3.0]})
    >>> caught[0].category.__name__
    'MissingRowsWarning'
    """


class ConvergenceWarning(BayesmixWarning):
    """The draws show signs that they should not be trusted yet.

    Examples
    --------
    >>> import warnings
    >>> import bayesmix as bx
    >>> model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = model.fit(draws=20, tune=20, random_seed=1, progressbar=False)
    >>> caught[0].category.__name__
    'ConvergenceWarning'
    """


class ExtrapolationWarning(BayesmixWarning):
    """A spline is evaluated beyond the data that it was fitted to.

    Examples
    --------
    >>> import warnings
    >>> import bayesmix as bx
    >>> data = {"x": list(range(20)), "y": [float(i % 5) for i in range(20)]}
    >>> fit = bx.brm("y ~ bs(x, df=4)", data, random_seed=1, progressbar=False)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = fit.fitted({"x": [25]})
    >>> caught[0].category.__name__
    'ExtrapolationWarning'
    """


class StaleFitWarning(BayesmixWarning):
    """A fit that was read from a file isn't the one that was asked for.

    Examples
    --------
    >>> import warnings
    >>> import tempfile
    >>> import bayesmix as bx
    >>> how = {"draws": 10, "prior_only": True, "prior": bx.prior("normal(0, 1)", "b")}
    >>> data = {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 4.0, 8.0]}
    >>> with tempfile.TemporaryDirectory() as where, warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = bx.brm("y ~ x", data, file=f"{where}/fit", **how)
    ...     _ = bx.brm("y ~ 0 + x", data, file=f"{where}/fit", file_refit="never", **how)
    >>> caught[0].category.__name__
    'StaleFitWarning'
    """


class CacheWarning(BayesmixWarning):
    """The engine's compiled functions could not be stored for later sessions.

    Examples
    --------
    >>> import warnings
    >>> import bayesmix as bx
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", bx.CacheWarning)
    ...     model = bx.Model("Reaction ~ Days", bx.load_dataset("sleepstudy"))
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean …?' for the names in `known` that look like `name`; '' if none does."""
    known = [str(k) for k in known]
    by_folded = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)
    if not near:
        return ""
    return f" Did you mean {' or '.join(repr(by_folded[n]) for n in near)}?"


def listed(items: Iterable[object], limit: int = 12) -> str:
    """The items in quotes, comma separated, the tail counted rather than printed."""
    shown = [repr(i) if isinstance(i, str) else str(i) for i in items]
    if len(shown) <= limit:
        return ", ".join(shown)
    return f"{', '.join(shown[:limit])} and {len(shown) - limit} more"


def _with_caret(
    message: str, source: str | None, span: tuple[int, int] | None, hint: str | None
) -> str:
    lines = [message]
    if source is not None:
        lines.append(f"  {source}")
        if span is not None:
            start, end = span
            lines.append("  " + " " * start + "^" * max(1, end - start))
    if hint is not None:
        lines.append(f"Hint: {hint}")
    return "\n".join(lines)
