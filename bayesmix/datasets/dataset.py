"""What a dataset is: a title, a source, and what each column means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from textwrap import fill

__all__ = ["Category", "Dataset"]


UNITS = ("days", "mm", "ms", "years")
"""What a column's text may end with, as its unit."""


@dataclass(frozen=True)
class Category:
    """A column of labels.

    Parameters
    ----------
    doc : str
        What it means.
    levels : tuple of str
        All labels, first the one to compare with; empty for those in the file, the numbers in
        them counted as numbers (``"9"`` before ``"10"``).
    ordered : bool
        Whether the labels are grades of one thing.
    merges : str
        The column that this one is made from by merging levels, for one that is not in the file.
    into : mapping
        From the levels of `merges` to the levels here.
    """

    doc: str
    levels: tuple[str, ...] = ()
    ordered: bool = False
    merges: str = ""
    into: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Dataset:
    """A dataset: the CSV file beside this module that has its name, and what is known about it.

    Parameters
    ----------
    name, title : str
        Its name, and one line on what was observed.
    columns : mapping
        A text for each column of numbers, with its unit, and a `Category` for each of labels.
    source : str
        Where it was published.
    note : str
        What one should know before using it.
    """

    name: str
    title: str
    columns: Mapping[str, str | Category]
    source: str
    note: str = ""

    @property
    def categories(self) -> dict[str, Category]:
        """The columns of labels."""
        return {name: c for name, c in self.columns.items() if isinstance(c, Category)}

    @property
    def units(self) -> dict[str, str]:
        """The units of columns whose text ends with one."""
        texts = {name: c for name, c in self.columns.items() if isinstance(c, str)}
        ends = {name: text.rpartition(", ")[2] for name, text in texts.items()}
        return {name: unit for name, unit in ends.items() if unit in UNITS}

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(_described(c))}</td></tr>'
            for name, c in self.columns.items()
        )
        texts = (f"<p>{escape(text)}</p>" for text in (f"Source: {self.source}", self.note) if text)
        table = f'<table class="dataframe"><tbody>{rows}</tbody></table>'
        return f"<h4>{escape(self.name)}: {escape(self.title)}</h4>{table}{''.join(texts)}"

    def __repr__(self) -> str:
        width = max(map(len, self.columns))
        columns = [f"  {name:{width}}  {_described(c)}" for name, c in self.columns.items()]
        parts = [
            f"{self.name}: {self.title}",
            "\n".join(columns),
            fill(f"Source: {self.source}", 80),
        ]
        return "\n\n".join([*parts, self.note] if self.note else parts)


def _described(column: str | Category) -> str:
    if isinstance(column, str):
        return column
    joined = (" < " if column.ordered else ", ").join(column.levels)
    return f"{column.doc} [{joined or 'category'}]"
