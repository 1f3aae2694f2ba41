"""Responses whose residuals in a row are correlated, as one response of several columns."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from bayesmix.design import ResponseData
from bayesmix.families.derived import DerivedRow, derived_row
from bayesmix.families.family import Aux, Dpars
from bayesmix.families.maths import HALF_LOG_2PI, Maths
from bayesmix.likelihood import IndependentRows
from bayesmix.spec import ModelSpec, Response


def parts_of(spec: ModelSpec) -> tuple[ModelSpec, ...]:
    """The models whose rows are gone through one after the other.

    They are those of each response, or one of all where their residuals are correlated.
    """
    return spec.parts if spec.rescor is None else (_together(spec),)


def _together(spec: ModelSpec) -> ModelSpec:
    """A model whose response is the first one, the others being addition terms.

    Its dpars are called as their variables are, locations and scales by turns, and then what all
    have in common.
    """
    responses, (first, *others) = spec.responses, spec.responses
    own = [(r, d) for r in responses for d in r.family.dpars[:2]]
    common = [(first, d) for d in first.family.dpars[2:]]
    pairs = {r.variable(d.name): (r, d) for r, d in (*own, *common)}
    predictors = {
        name: r.predictors[d.name] for name, (r, d) in pairs.items() if d.name in r.predictors
    }
    dpars = tuple(replace(d, name=name) for name, (_, d) in pairs.items())
    row = _row(len(responses), spec.rescor.nu)
    family = replace(first.family, dpars=dpars, main=(dpars[0].name,), row=row)
    columns = dict(zip(row.takes, (r.data.y for r in others), strict=True))
    data = ResponseData(first.data.name, family, first.data.y, {**first.data.aux, **columns})
    response = Response("", first.formula, data, family, predictors, IndependentRows(), family)
    return replace(spec, responses=(response,), rescor=None)


@cache
def _row(count: int, student: bool) -> DerivedRow:
    """The row kernel of so many responses, of canonical partial correlations."""
    numbers = range(1, count + 1)
    kinds = {"mu": "natural", "sigma": "log"}
    scales = {f"{dpar}{k}": scale for k in numbers for dpar, scale in kinds.items()}
    scales |= {"nu": "natural"} if student else {}

    def density(y: Any, p: Dpars, aux: Aux, m: Maths) -> Any:
        ys = [y, *(aux[f"y{k}"] for k in numbers[1:])]
        unit = [(v - p[f"mu{k}"]) / p[f"sigma{k}"] for k, v in zip(numbers, ys, strict=True)]
        white, log_scale = _whitened(unit, p["rescor"], m)
        squares = sum(z**2 for z in white)
        log_scale = log_scale + sum(m.log(p[f"sigma{k}"]) for k in numbers)
        if not student:
            return -0.5 * squares - log_scale - count * HALF_LOG_2PI
        nu, size = p["nu"], 0.5 * (p["nu"] + count)
        whole = m.gammaln(size) - m.gammaln(0.5 * nu) - 0.5 * count * m.log(np.pi * nu)
        return whole - size * m.log1p(squares / nu) - log_scale

    takes = tuple(f"y{k}" for k in numbers[1:])
    return derived_row(density, scales, takes, shared=("rescor", count * (count - 1) // 2))


def _whitened(unit: list[Any], shares: Any, m: Maths) -> tuple[list[Any], Any]:
    """What is new in each residual given those before, and the log of the root's determinant.

    Of a partial correlation there is its share of the way from -1 to 1.
    """
    white: list[Any] = []
    log_scale, at = 0.0, 0
    for u in unit:
        left = 1.0
        for z in white:
            share = shares[..., at]
            u = u - (2.0 * share - 1.0) * left * z
            left = left * (2.0 * m.sqrt(share * (1.0 - share)))
            at += 1
        white.append(u / left)
        log_scale = log_scale + m.log(left) if len(white) > 1 else log_scale
    return white, log_scale
