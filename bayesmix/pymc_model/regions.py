"""Effects of regions as random and deterministic variables."""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from bayesmix.design import Regions
from bayesmix.parameters import Parameter
from bayesmix.priors import car
from bayesmix.spec import ModelSpec

Made = dict[str, Any]


def add_spatial(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """The part of ``bym2`` that neighbours have in common."""
    (regions,) = spec.predictors[p.owner].regions
    z = _intrinsic(regions, f"free_{p.name}", p)
    return {p.name: pm.Deterministic(p.name, z, dims=p.dims)}


def add_regions(spec: ModelSpec, p: Parameter, made: Made) -> Made:
    """The effects, sd times standardised ones."""
    (regions,) = spec.predictors[p.owner].regions
    z = STANDARDISED[regions.term.type](regions, p, made)
    sd = made[regions.named("sdcar")]
    return {p.name: pm.Deterministic(p.name, sd * z, dims=p.dims)}


def _proper(regions: Regions, p: Parameter, made: Made) -> Any:
    z = pm.Flat(f"z_{p.name}", dims=p.dims)
    logp = car.proper_logpdf(regions, z, pt.as_tensor(made[regions.named("car")]), pt)
    pm.Potential(f"{p.name}_density", logp)
    return z


def _plain(regions: Regions, p: Parameter, made: Made) -> Any:
    return _intrinsic(regions, f"z_{p.name}", p)


def _parts(regions: Regions, p: Parameter, made: Made) -> Any:
    of_own, of_spatial = car.parts(regions, made[regions.named("rhocar")])
    own = pm.Normal(f"z_{p.name}", dims=p.dims)
    return of_own * own + of_spatial * made[regions.named("zcar")]


def _intrinsic(regions: Regions, name: str, p: Parameter) -> Any:
    free = pm.Flat(name, dims=p.dims)
    pm.Potential(f"{p.name}_density", car.free_logpdf(regions, free))
    return car.from_free(regions, free)


STANDARDISED = {"escar": _proper, "esicar": _plain, "icar": _plain, "bym2": _parts}
"""Effects divided by their sd, by the type of ``car()``."""
