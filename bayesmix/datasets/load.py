"""From a dataset's name to its data frame."""

from __future__ import annotations

import re
from importlib.resources import files

import pandas as pd

from bayesmix.datasets.dataset import Category, Dataset
from bayesmix.datasets.registry import DATASETS
from bayesmix.errors import DataError, did_you_mean, listed

__all__ = ["describe_dataset", "list_datasets", "load_dataset"]


def load_dataset(name: str) -> pd.DataFrame:
    """Load a dataset that comes with the package.

    Subjects, items, schools and everything else that is a label is a category, numbers are
    numbers. :func:`describe_dataset` says what the columns are.

    Parameters
    ----------
    name : str
        One of those that :func:`list_datasets` lists.

    Returns
    -------
    pandas.DataFrame
        A new frame at each call; ``attrs["units"]`` has the units of its columns, which pictures
        write at their axes.

    Raises
    ------
    DataError
        If there is none of that name.

    Examples
    --------
    >>> load_dataset("sleepstudy").head(3)
       Reaction  Days Subject
    0  249.5600     0     308
    1  258.7047     1     308
    2  250.8006     2     308
    """
    dataset = _find(name)
    labels = dataset.categories
    with files(__package__).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=dict.fromkeys(labels, "str"))
    for column, category in labels.items():
        frame[column] = _categorical(frame, column, category)
    frame.attrs["units"] = dataset.units
    return frame


def describe_dataset(name: str) -> Dataset:
    """What a dataset's columns are, their units, and where it was published.

    Parameters
    ----------
    name : str
        One of those that :func:`list_datasets` lists.

    Returns
    -------
    Dataset
        Shows itself as text; its ``columns`` and ``source`` are there to be used as well.

    Raises
    ------
    DataError
        If there is none of that name.

    Examples
    --------
    >>> describe_dataset("machines")
    machines: Productivity of six workers on three brands of machine, three times each
    <BLANKLINE>
      Worker   worker [category]
      Machine  brand of machine [A, B, C]
      score    productivity score of quantity and quality
    <BLANKLINE>
    Source: Milliken GA, Johnson DE (1992). Analysis of Messy Data, volume 1,
    Chapman & Hall. Pinheiro JC, Bates DM (2000). Mixed-Effects Models in S and
    S-PLUS, Springer.
    """
    return _find(name)


def list_datasets() -> pd.DataFrame:
    """List the datasets that come with the package.

    Returns
    -------
    pandas.DataFrame
        One row a dataset: its ``name`` (the index), ``rows``, ``columns`` and ``title``.

    Examples
    --------
    >>> list_datasets().loc["sleepstudy", ["rows", "columns"]].tolist()
    [180, 3]
    """
    shapes = {name: load_dataset(name).shape for name in DATASETS}
    table = pd.DataFrame.from_dict(shapes, orient="index", columns=["rows", "columns"])
    table["title"] = [dataset.title for dataset in DATASETS.values()]
    return table.rename_axis("name")


def _find(name: str) -> Dataset:
    if not isinstance(name, str) or name not in DATASETS:
        hint = did_you_mean(str(name), DATASETS)
        raise DataError(f"There is no dataset {name!r}.{hint} There are {listed(DATASETS, 99)}.")
    return DATASETS[name]


def _categorical(frame: pd.DataFrame, column: str, category: Category) -> pd.Categorical:
    if category.merges:
        values = frame[category.merges].astype("str").map(category.into)
    else:
        values = frame[column]
    levels = category.levels or sorted(values.dropna().unique(), key=_natural)
    return pd.Categorical(values, categories=levels, ordered=category.ordered)


def _natural(label: str) -> list[tuple[int, str]]:
    """A sort key that counts the numbers within a label as numbers."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", label)]
