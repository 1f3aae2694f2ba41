"""The parameters of a fit with their diagnostics, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from bayesmix.convergence import diagnose
from bayesmix.parameters import Parameter, Role
from bayesmix.predict import Draws
from bayesmix.predict.coefficients import population
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.statistics import summarise
from bayesmix.summary.varcorr import correlation_matrix, distinct, sd_names
from bayesmix.tables import Table

POPULATION, SMOOTHS, FURTHER = "Population", "Smooth", "Further"
ELSEWHERE = (
    Role.POPULATION,
    Role.THRESHOLDS,
    Role.SD,
    Role.COR,
    Role.DF,
    Role.MIXING,
    Role.EFFECTS,
    Role.SMOOTH_SD,
    Role.SMOOTH,
    Role.PROCESS,
    Role.SPATIAL,
    Role.IMPUTED,
    Role.REGIONS,
    Role.TRUE_VALUES,
    Role.SHRINKAGE,
)
"""Roles of the parameters in the parts before the last, and of those that only serve priors."""


@dataclass(frozen=True)
class Part:
    """One block of the summary: names and draws."""

    title: str
    names: list[str]
    values: np.ndarray


def overview(spec: ModelSpec, draws: Draws, probs: Sequence[float], robust: bool) -> pd.DataFrame:
    """One row a parameter; see `Fit.summary`."""
    tables = [_table(part, draws, probs, robust) for part in parts(spec, draws)]
    return Table(pd.concat(tables)) if tables else Table()


def parts(spec: ModelSpec, draws: Draws) -> list[Part]:
    """Groups first, then population coefficients, then further parameters, as brms has them."""
    found = [_group_part(g, draws) for g in spec.groups]
    found.append(Part(POPULATION, *population(spec, draws)))
    found.append(_smooths(spec, draws))
    found.append(_further(spec, draws))
    return [p for p in found if p.names]


def _smooths(spec: ModelSpec, draws: Draws) -> Part:
    """The standard deviations of smooths' coefficients."""
    parameters = list(spec.of_role(Role.SMOOTH_SD))
    prefixes = (p.owner.prefix for p in parameters for _ in p.coords[0])
    names = (name for p in parameters for name in p.coords[0])
    labels = [f"sds({prefix}{name})" for prefix, name in zip(prefixes, names, strict=True)]
    values = [draws[p.name] for p in parameters]
    return Part(SMOOTHS, labels, np.concatenate([*values, np.empty((len(draws), 0))], axis=1))


def _further(spec: ModelSpec, draws: Draws) -> Part:
    """What belongs to no group and is no coefficient."""
    parameters = [p for p in spec.parameters if p.role not in ELSEWHERE]
    names = [name for p in parameters for name in _names(p)]
    values = [draws[p.name].reshape(len(draws), -1) for p in parameters]
    return Part(FURTHER, names, np.concatenate([*values, np.empty((len(draws), 0))], axis=1))


def _names(p: Parameter) -> list[str]:
    if not p.dims:
        return [p.name]
    return [f"{p.name}[{', '.join(map(str, at))}]" for at in product(*p.coords)]


def _group_part(g: GroupPriors, draws: Draws) -> Part:
    """What is the same of several coefficients stands there once, with the first of them."""
    names, title, own = sd_names(g), part_title(g.group.name), list(g.own_sds)
    sd = draws[f"sd_{g.group.name}"].reshape(len(draws), -1)[:, own]
    labels = [f"sd({name})" for name, has in zip(names, own, strict=True) if has]
    values = [sd]
    if g.correlated:
        cor = correlation_matrix(g, draws)
        pairs = distinct(g)
        labels += [f"cor({names[i]},{names[j]})" for i, j in pairs]
        values += [cor[:, i, j][:, None] for i, j in pairs]
    if g.group.dist == "student":
        labels.append("df")
        values.append(draws[f"df_{g.group.name}"][:, None])
    return Part(title, labels, np.concatenate(values, axis=1))


def part_title(group: str) -> str:
    """A group's name, told apart from the other parts'."""
    return f"{group} (group)" if group in (POPULATION, SMOOTHS, FURTHER) else group


def _table(part: Part, draws: Draws, probs: Sequence[float], robust: bool) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([[part.title], part.names], names=["part", "parameter"])
    table = summarise(part.values, index, probs, robust)
    chains = len(np.unique(draws.chain))
    by_chain = part.values.reshape(chains, -1, part.values.shape[1])
    return table.assign(**diagnose(by_chain))
