"""What a fit prints: multilevel hyperparameters, regression coefficients, further parameters."""

from __future__ import annotations

import pandas as pd

from bayesmix.spec import ModelSpec
from bayesmix.summary.overview import FURTHER, POPULATION
from bayesmix.summary.tables import formatted


def fit_text(spec: ModelSpec, table: pd.DataFrame, chains: int, draws: int) -> str:
    """The overview as brms users know it.

    Parameters
    ----------
    spec : ModelSpec
    table : DataFrame
        From `overview`.
    chains, draws : int
        What the posterior holds.
    """
    return "\n\n".join([_header(spec, chains, draws), *_blocks(spec, table)])


def _header(spec: ModelSpec, chains: int, draws: int) -> str:
    links = "; ".join(f"{p} = {spec.family.dpar(p).link}" for p in spec.predictors)
    formula = str(spec.formula).replace("\n", "\n" + " " * 9)
    rows = len(spec.design.frame)
    return "\n".join(
        [
            f"Formula: {formula}",
            f" Family: {spec.family.name}; links: {links}",
            f"   Data: {rows} rows",
            f"  Draws: {chains} chains of {draws}, {chains * draws} in all",
        ]
    )


def _blocks(spec: ModelSpec, table: pd.DataFrame) -> list[str]:
    titles = {POPULATION: "Regression coefficients:", FURTHER: "Further parameters:"}
    groups = {g.name: g.size for g in spec.design.groups}
    blocks = []
    for part in table.index.get_level_values(0).unique():
        title = titles.get(part) or f"Group {part} ({groups[part]} levels):"
        rows = formatted(table.loc[part])
        rows.index.name = None
        blocks.append(f"{title}\n{rows.to_string()}")
    return blocks
