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
    """Base of every error that the package raises on purpose."""


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
    """A data frame, column or row that can't be used."""


class FamilyError(BayesmixError):
    """A family, link or distributional parameter that doesn't exist or doesn't fit."""


class PriorError(BayesmixError):
    """A prior that can't be read or that matches no parameter."""


class PredictionError(BayesmixError):
    """A prediction that can't be made as asked."""


class SamplingError(BayesmixError):
    """A sampler that is not installed or could not run."""


class EstimationError(BayesmixError):
    """A likelihood that can't be maximised as asked."""


class StorageError(BayesmixError):
    """A file that holds no readable fit."""


class BayesmixWarning(UserWarning):
    """Base of the package's warnings."""


class MissingRowsWarning(BayesmixWarning):
    """Rows with missing values were left out of a fit."""


class ConvergenceWarning(BayesmixWarning):
    """The draws show signs that they should not be trusted yet."""


class ExtrapolationWarning(BayesmixWarning):
    """A spline is evaluated beyond the data that it was fitted to."""


class StaleFitWarning(BayesmixWarning):
    """A fit that was read from a file isn't the one that was asked for."""


class CacheWarning(BayesmixWarning):
    """The engine's compiled functions could not be stored for later sessions."""


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
