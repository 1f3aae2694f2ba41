"""Normal models without the effects of their largest group: those are integrated out exactly.

What is left to sample are the coefficients, the standard deviations, the correlations, sigma and
the effects of other groups. The integrated effects are then drawn from their normal distribution
given each draw of the rest, so that the posterior is that of the whole model.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesmix.engine.coverage import uncovered
from bayesmix.engine.marginal.packing import pack, remaining
from bayesmix.engine.plan.density import Density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.packing import Packed
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.engine.plan.residuals import within_levels
from bayesmix.engine.plan.shifts import Centered, means_of, shifts_of
from bayesmix.families import gaussian
from bayesmix.likelihood import IndependentRows, LaggedRows, SpatialRows
from bayesmix.parameters import MAIN
from bayesmix.spec import GroupPriors, ModelSpec

CHUNK = 100
"""Draws with a random stream of their own, so that they don't depend on the number of threads."""


def can_marginalize(spec: ModelSpec) -> str | None:
    """Why no group's effects can be integrated out, in a few words; None if they can.

    Parameters
    ----------
    spec : ModelSpec

    Examples
    --------
    >>> from bayesmix.datasets import load_dataset
    >>> from bayesmix.build import build_spec
    >>> can_marginalize(build_spec("Reaction ~ Days", load_dataset("sleepstudy")))
    'the model has no groups'
    """
    if spec.several:
        return "the model has several responses"
    if spec.family.name != "gaussian":
        return f"family {spec.family.name!r} is not normal"
    if spec.family.density is not gaussian.FAMILY.density:
        return "the response is censored, truncated or measured with known errors"
    if "sigma" in spec.response.predictors or "sigma" not in spec.family.free_dpars:
        return "sigma has a formula or is fixed"
    if spec.family.dpar(MAIN).link != "identity":
        return f"the link of 'mu' is {spec.family.dpar(MAIN).link!r}, not 'identity'"
    if spec.family.nonlinear:
        return "the predictor isn't linear"
    if any(p.smooths for p in spec.design.predictors):
        return "the model has smooths"
    if spec.design.measured:
        return "the model has covariates with measurement error"
    if any(p.monotonic for p in spec.design.predictors):
        return "the model has monotonic effects"
    if any(p.processes for p in spec.design.predictors):
        return "the model has Gaussian processes"
    if any(p.regions for p in spec.design.predictors):
        return "the model has effects of regions"
    if not spec.groups:
        return "the model has no groups"
    likelihood = spec.response.likelihood
    if isinstance(likelihood, SpatialRows):
        return "the rows hang together"
    if isinstance(likelihood, LaggedRows) and "weights" in spec.response.data.aux:
        return "weighted rows have past residuals in their means"
    if not any(_possible(spec, g) for g in spec.groups):
        return "no group has all rows of a series of residuals in one level"
    for g in spec.design.groups:
        if not g.plain:
            return f"group {g.name!r} has levels that aren't alike, or rows with several"
    return uncovered(spec)


def largest_group(spec: ModelSpec, but: Collection[str] = ()) -> str | None:
    """The group with the most effects, levels times coefficients, that can be integrated out.

    None if all are in `but`.
    """
    groups = [g for g in spec.groups if g.group.name not in but and _possible(spec, g)]
    return max(groups, key=_effects).group.name if groups else None


@dataclass(frozen=True)
class Marginal:
    """A normal model with one group's effects integrated out.

    Attributes
    ----------
    spec : ModelSpec
        The whole model.
    group : str
        The group that is integrated out.
    density : Density
        Of what is left; its layout has the group without levels.
    """

    spec: ModelSpec
    group: str
    density: Density

    def posterior(self, x: np.ndarray, random_seed: Any = None) -> dict[str, np.ndarray]:
        """The variables that a posterior keeps, those of the whole model.

        Parameters
        ----------
        x : ndarray
            Unconstrained draws of what is left; the last axis is that of the parameters.
        random_seed : int, SeedSequence, Generator or None
            For the integrated effects.

        Returns
        -------
        dict of str to ndarray
            As of `posterior_of`; leading axes are those of `x`.
        """
        effects = self.effects(x, np.random.default_rng(random_seed))
        return posterior_of(self.density.layout, x) | {f"r_{self.group}": effects}

    def effects(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One draw of the integrated effects for each draw of the rest: … × levels × coefs."""
        size = self.spec.design.group(self.group).size
        effects = np.empty((*x.shape[:-1], size, self.density.layout.group(self.group).k))
        flat, rest = effects.reshape(-1, *effects.shape[-2:]), x.reshape(-1, x.shape[-1])
        chunks = [slice(at, at + CHUNK) for at in range(0, len(rest), CHUNK)]
        streams = rng.spawn(len(chunks))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda c, stream: self._fill(flat[c], rest[c], stream), chunks, streams))
        return effects

    def _fill(self, effects: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> None:
        """Fill in the effects of some draws; the density turns noise into them on its way."""
        rng.standard_normal(out=effects)
        head = self.density.packed.head.copy()
        head["noise"], head["noise_step"] = effects.ctypes.data, effects.strides[0]
        replace(self.density, packed=Packed(head, self.density.packed.kept))(x.ravel())


def build_marginal(
    spec: ModelSpec, group: str | None = None, centered: Centered = frozenset()
) -> Marginal:
    """Load the kernels (compile them, the first time on a machine) and hand them the model.

    Parameters
    ----------
    spec : ModelSpec
        One that `can_marginalize` has nothing against.
    group : str, optional
        The group to integrate out; the `largest_group` by default.
    centered : frozenset of (str, str)
        Group and coefficient of other groups' effects that are parameters, with what the population
        adds to them.

    Returns
    -------
    Marginal
    """
    from bayesmix.engine.kernels.density import compiled_expand
    from bayesmix.engine.kernels.residuals import compiled_whitening
    from bayesmix.engine.marginal.density import compiled_density

    name = group or largest_group(spec)
    rest = frozenset(c for c in centered if c[0] != name)
    shifts = shifts_of(spec, rest, without=name)
    layout = build_layout(remaining(spec, name), rest, shifts, means_of(spec, rest, shifts))
    likelihood, whitening = spec.response.likelihood, 0
    series = not isinstance(likelihood, IndependentRows)
    if series:
        whitening = compiled_whitening(likelihood.residuals.correlation).address
    addresses = compiled_density(series).address, compiled_expand().address
    return Marginal(spec, name, Density(layout, *addresses, pack(spec, layout, name, whitening)))


def _possible(spec: ModelSpec, g: GroupPriors) -> bool:
    """Whether rows that hang together, if there are any, have one level of a group."""
    likelihood = spec.response.likelihood
    if isinstance(likelihood, IndependentRows):
        return True
    return within_levels(likelihood.residuals, spec.design.group(g.group.name).index)


def _effects(g: GroupPriors) -> int:
    return g.group.size * len(g.coefs)
