"""What a fit prints: multilevel hyperparameters, regression coefficients, further parameters."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import pandas as pd

from bayesmix.spec import ModelSpec
from bayesmix.summary.overview import FURTHER, POPULATION, SMOOTHS, part_title
from bayesmix.tables import formatted, html_table


def fit_text(spec: ModelSpec, table: pd.DataFrame, data: str, chains: int, draws: int) -> str:
    """The overview as brms users know it.

    Parameters
    ----------
    spec : ModelSpec
    table : DataFrame
        From `overview`.
    data : str
        How many rows there are.
    chains, draws : int
        What the posterior holds.
    """
    return "\n\n".join([_header(spec, data, chains, draws), *_blocks(spec, table)])


def fit_html(spec: ModelSpec, table: pd.DataFrame, data: str, chains: int, draws: int) -> str:
    """The same for a notebook, its parts as tables."""
    parts = (
        f"<h4>{escape(title.rstrip(':'))}</h4>{html_table(rows, ('',))}"
        for title, rows in _parts(spec, table)
    )
    return f"<pre>{escape(_header(spec, data, chains, draws))}</pre>" + "".join(parts)


def _header(spec: ModelSpec, data: str, chains: int, draws: int) -> str:
    formula = str(spec.formula).replace("\n", "\n" + " " * 9)
    return "\n".join(
        [
            f"Formula: {formula}",
            *_families(spec),
            f"   Data: {data}",
            f"  Draws: {_chains(chains, draws)}",
        ]
    )


def _families(spec: ModelSpec) -> Iterator[str]:
    """One line each, and what residuals of several responses have in common."""
    head = " Family: "
    for r in spec.responses:
        links = "; ".join(f"{p} = {r.family.dpar(p).link}" for p in r.predictors)
        of = f"{r.name}: " if spec.several else ""
        yield f"{head}{of}{r.family.title}; links: {links}"
        head = " " * len(head)
    if spec.several:
        yield f"{head}residuals {'not ' if spec.rescor is None else ''}correlated"


def _chains(chains: int, draws: int) -> str:
    if chains == 1:
        return f"{draws} of one chain"
    return f"{chains} chains of {draws}, {chains * draws} in all"


def _blocks(spec: ModelSpec, table: pd.DataFrame) -> Iterator[str]:
    return (f"{title}\n{rows.to_string()}" for title, rows in _parts(spec, table))


def _parts(spec: ModelSpec, table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    titles = {part_title(g.name): f"Group {g.name} ({g.size} levels):" for g in spec.design.groups}
    titles |= {
        POPULATION: "Regression coefficients:",
        SMOOTHS: "Smooths:",
        FURTHER: "Further parameters:",
    }
    for part in table.index.unique(0):
        yield titles[part], formatted(table.loc[part]).rename_axis(None)
