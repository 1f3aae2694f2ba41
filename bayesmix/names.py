"""The variables of the posterior, and the columns in which brms keeps their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, islice, permutations, product
from typing import Any

import numpy as np

from bayesmix.design import GroupCoef
from bayesmix.design.columns import label_key
from bayesmix.design.measured import CORRELATIONS
from bayesmix.families.thresholds import SUM_TO_ZERO, THRESHOLD
from bayesmix.parameters import Parameter, Role
from bayesmix.priors.names import r_name
from bayesmix.spec import GroupPriors, ModelSpec

MOST_ORDERS = 24
"""Orders of the factors of an interaction that are tried: all, up to four factors."""


@dataclass(frozen=True)
class Cell:
    """One column of brms's draws.

    Attributes
    ----------
    names : tuple of str
        What brms may call it, the likeliest first.
    positions : tuple of tuple of int
        Where in the variable its value stands (a correlation stands in two places).
    """

    names: tuple[str, ...]
    positions: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Variable:
    """A variable of the posterior.

    Attributes
    ----------
    name : str
    start : ndarray
        Its values where no column has them: ones on the diagonal of correlations, else zeros.
    cells : tuple of Cell
    """

    name: str
    start: np.ndarray
    cells: tuple[Cell, ...]


def variables(spec: ModelSpec) -> tuple[Variable, ...]:
    """Every variable of the model's posterior, in its order."""
    made = (VARIABLES.get(p.role, _plain)(spec, p) for p in spec.parameters)
    shorter = {r.name: short for r in spec.responses if (short := _short(r.name)) != r.name}
    return tuple(_with_short(v, shorter) for v in made) if shorter else tuple(made)


def _short(resp: str) -> str:
    """A response as brms calls it."""
    return re.sub(r"[^0-9A-Za-z]", "", resp)


def _with_short(variable: Variable, shorter: Mapping[str, str]) -> Variable:
    """With what brms may call its cells after its own names of responses."""
    cells = []
    for cell in variable.cells:
        names = list(cell.names)
        for resp, short in shorter.items():
            places = rf"(?<=_){re.escape(resp)}(?=_|\[|$)"
            # Once or everywhere: a coefficient may be called as a response is.
            names += [re.sub(places, short, name, count=n) for name in names for n in (1, 0)]
        cells.append(Cell(tuple(dict.fromkeys(names)), cell.positions))
    return Variable(variable.name, variable.start, tuple(cells))


def _plain(spec: ModelSpec, p: Parameter) -> Variable:
    """A number of its own name, or several that are counted."""
    if not p.dims:
        return Variable(p.name, np.zeros(()), (Cell((p.name,), ((),)),))
    cells = [Cell((f"{p.name}[{i + 1}]",), ((i,),)) for i in range(p.size)]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _population(spec: ModelSpec, p: Parameter) -> Variable:
    (names,), category = p.coords, p.owner.category
    head, end = ("bcs", f"[{category}]") if category else (p.name, "")
    special = spec.predictors[p.owner].columns.others
    heads = [p.name.replace("b", "bsp", 1) if coef in special else head for coef in names]
    cells = [
        Cell(tuple(f"{heads[k]}_{s}{end}" for s in _spellings(coef)), ((k,),))
        for k, coef in enumerate(names)
    ]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _sd(spec: ModelSpec, p: Parameter) -> Variable:
    g, name = spec.group(p.owner), p.owner
    by, cells = g.group.by is not None, []
    for s, stratum in enumerate(_strata(g)):
        for k, c in enumerate(g.coefs):
            names = (f"sd_{name}__{text}" for text in _in_stratum(c, stratum))
            cells.append(Cell(tuple(names), ((s, k) if by else (k,),)))
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _cor(spec: ModelSpec, p: Parameter) -> Variable:
    g, name = spec.group(p.owner), p.owner
    by, cells = g.group.by is not None, []
    for s, stratum in enumerate(_strata(g)):
        at = (s,) if by else ()
        for i, j in chain.from_iterable(combinations(block, 2) for block in g.blocks):
            texts = [_in_stratum(g.coefs[k], stratum) for k in (i, j)]
            names = (f"cor_{name}__{a}__{b}" for pair in product(*texts) for a, b in _both(pair))
            cells.append(Cell(tuple(names), ((*at, i, j), (*at, j, i))))
    start = np.broadcast_to(np.eye(p.shape[-1]), p.shape)
    return Variable(p.name, start, tuple(cells))


def _mixing(spec: ModelSpec, p: Parameter) -> Variable:
    """Numbered by the group, brms having groups in alphabetical order, and the level."""
    number = 1 + sorted(g.group.name for g in spec.groups).index(p.owner)
    cells = [Cell((f"udf_{number}[{i + 1}]",), ((i,),)) for i in range(p.size)]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _effects(spec: ModelSpec, p: Parameter) -> Variable:
    g = spec.group(p.owner)
    spelt = [_spellings(c.coef) for c in g.coefs]
    heads = [_effects_head(p.name, c) for c in g.coefs]
    ends = [f"[{c.target.category}]" if c.target.category else "" for c in g.coefs]
    cells = []
    for i, level in enumerate(map(_level_text, g.group.levels)):
        for k, head in enumerate(heads):
            names = tuple(f"{head}[{level},{s}{ends[k]}]" for s in spelt[k])
            cells.append(Cell(names, ((i, k),)))
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _effects_head(name: str, c: GroupCoef) -> str:
    plain = not c.target.label or c.target.category
    return name if plain else f"{name}__{c.target.label}"


def _thresholds(spec: ModelSpec, p: Parameter) -> Variable:
    # Those that sum to zero are made of others, which brms keeps too.
    derived = spec.response_of(p.owner).family.option(THRESHOLD) == SUM_TO_ZERO
    name = p.owner.called("Intercept") if derived else f"{p.owner.variable}_Intercept"
    cells = [Cell((f"{name}[{label}]",), ((k,),)) for k, label in enumerate(p.coords[0])]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _shares(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted, those of strata after the stratum's label or number."""
    if p.name == p.owner.called("theta"):
        names = ((p.owner.called(f"theta{k}"), f"{p.name}[{k}]") for k in p.coords[0])
        cells = [Cell(n, ((i,),)) for i, n in enumerate(names)]
        return Variable(p.name, np.zeros(p.shape), tuple(cells))
    if len(p.dims) == 1:
        return _plain(spec, p)
    cells = [
        Cell(tuple(f"{p.name}[{s},{k + 1}]" for s in (_level_text(label), i + 1)), ((i, k),))
        for i, label in enumerate(p.coords[0])
        for k in range(p.shape[-1])
    ]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _latent(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted in brms's order of rows: by group, and there by time."""
    layout = spec.predictors[p.owner].residuals.layout
    rows = layout.rows.T[layout.rows.T >= 0]
    cells = [Cell((f"{p.name}[{i + 1}]",), ((row,),)) for i, row in enumerate(rows.tolist())]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _correlations(spec: ModelSpec, p: Parameter) -> Variable:
    """Called by the pair of categories, or of covariates."""
    m = next((m for m in spec.design.measured if p.name == m.named(CORRELATIONS)), None)
    coefs = () if m is None else [r_name(coef) for coef in m.coefs]
    named = p.coords[0] if m is None else [f"{coefs[j]}__{coefs[i]}" for j, i in m.pairs]
    cells = [Cell((f"{p.name}__{label}",), ((k,),)) for k, label in enumerate(named)]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _shrinkage(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted, or (the shares of R2D2) called by what is shrunk."""
    plain = _plain(spec, p)
    if not p.dims:
        return plain
    cells = [
        Cell((*cell.names, *(f"{p.name}_{text}" for text in _spellings(label))), cell.positions)
        for cell, label in zip(plain.cells, p.coords[0], strict=True)
    ]
    return Variable(p.name, plain.start, tuple(cells))


def _regions(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted, or called by the region, where that is no number."""
    texts = [_level_text(label) for label in p.coords[0]]
    counted = any(text.isdigit() for text in texts)
    cells = [
        Cell(tuple(f"{p.name}[{s}]" for s in ((i + 1,) if counted else (i + 1, text))), ((i,),))
        for i, text in enumerate(texts)
    ]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _steps(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted, after the coefficient's name and the number of the ``mo()`` in it."""
    heads = [f"simo_{p.owner.prefix}{text}" for text in step_names(spec, p)]
    cells = [Cell(tuple(f"{h}[{i + 1}]" for h in heads), ((i,),)) for i in range(p.size)]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _measured(spec: ModelSpec, p: Parameter) -> Variable:
    """Called by the covariates, which have one name whatever the group."""
    cells = [
        Cell((f"{slot.class_}_{r_name(slot.coef)}",), ((k,),)) for k, slot in enumerate(p.slots)
    ]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _true_values(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted by row, or called by the level."""
    m = spec.measured[p.name]
    texts = range(1, 1 + p.shape[0]) if m.group is None else map(_level_text, m.group.levels)
    cells = [
        Cell((f"Xme_{r_name(coef)}[{text}]",), ((i, k),))
        for i, text in enumerate(texts)
        for k, coef in enumerate(m.coefs)
    ]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _imputed(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted by the row."""
    rows = spec.response_of(p.owner).data.latent
    cells = [Cell((f"{p.name}[{row + 1}]",), ((i,),)) for i, row in enumerate(rows.tolist())]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def step_names(spec: ModelSpec, p: Parameter) -> tuple[str, ...]:
    """What brms may call shares; with an id each of those that have them in common."""
    (found,) = spec.predictors[p.owner].monotonic
    shared = [
        f"{spelt}{number}"
        for name, steps in zip(found.names, found.steps, strict=True)
        for number, s in enumerate(steps, 1)
        if s.variable == p.name
        for spelt in _spellings(name)
    ]
    return tuple(dict.fromkeys((*shared, *(slot.coef for slot in p.slots))))


def _process_scales(spec: ModelSpec, p: Parameter) -> Variable:
    cells = [Cell((f"{p.name}_{slot.coef}",), ((k,),)) for k, slot in enumerate(p.slots)]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


def _process(spec: ModelSpec, p: Parameter) -> Variable:
    """Counted by process."""
    (found,) = spec.predictors[p.owner].processes
    names = [f"{p.name}_{gp.coef}[{i + 1}]" for gp in found.processes for i in range(gp.size)]
    cells = [Cell((name,), ((k,),)) for k, name in enumerate(names)]
    return Variable(p.name, np.zeros(p.shape), tuple(cells))


VARIABLES = {
    Role.POPULATION: _population,
    Role.THRESHOLDS: _thresholds,
    Role.SD: _sd,
    Role.COR: _cor,
    Role.MIXING: _mixing,
    Role.EFFECTS: _effects,
    Role.SHARES: _shares,
    Role.LATENT: _latent,
    Role.CORRELATIONS: _correlations,
    Role.SHRINKAGE: _shrinkage,
    Role.STEPS: _steps,
    Role.MEASURED: _measured,
    Role.TRUE_VALUES: _true_values,
    Role.IMPUTED: _imputed,
    Role.PROCESS_SCALE: _process_scales,
    Role.PROCESS: _process,
    Role.SPATIAL: _regions,
    Role.REGIONS: _regions,
}
"""How brms spells what isn't called by the variable's name."""


def _strata(g: GroupPriors) -> tuple[tuple[str, ...], ...]:
    """For each level of ``by`` what brms may append to a coefficient; nothing without."""
    if g.group.by is None:
        return (("",),)
    by, columns = g.group.by, g.group.by.columns
    head = f"cbind({', '.join(columns)})" if g.group.multiple else by.name
    labels = (f"{head}{_r_text(level)}" for level in by.levels)
    return tuple((":" + re.sub(r"\s", "", text), ":" + r_name(text)) for text in labels)


def _in_stratum(c: GroupCoef, stratum: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(c.target.named(s) + end for s in _spellings(c.coef) for end in stratum)


def _both(pair: tuple[str, str]) -> Iterator[tuple[str, str]]:
    yield pair
    yield pair[::-1]


def _spellings(coef: str) -> tuple[str, ...]:
    """A coefficient's name in R and brms, factors of an interaction in any order, and its own."""
    as_in_r = re.sub(r"\[(True|False)\]", lambda m: m[0].upper(), coef)
    texts = [as_in_r, coef, re.sub(r"\bC\(", "factor(", coef), re.sub(r"\bC\(", "as.factor(", coef)]
    factors = (r_name(text).split(":") for text in texts)
    orders = (":".join(o) for f in factors for o in islice(permutations(f), MOST_ORDERS))
    return tuple(dict.fromkeys((*orders, coef)))


def _level_text(level: Any) -> str:
    """A level in brms's indices, white space become dots."""
    return re.sub(r"[ \t\r\n]", ".", _r_text(level))


def _r_text(level: Any) -> str:
    return str(level).upper() if isinstance(level, bool | np.bool_) else label_key(level)
