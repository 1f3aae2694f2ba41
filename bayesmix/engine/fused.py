"""The engine's face: a model's density, ready for a sampler, and its way back to a posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.engine.coverage import uncovered
from bayesmix.engine.plan.density import Density, build_density
from bayesmix.engine.plan.informed import informed_of
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.parametrization import centered_coefs, chosen_groups
from bayesmix.engine.plan.posterior import posterior_of
from bayesmix.engine.plan.shifts import levels_of, means_of, shifts_of
from bayesmix.engine.plan.start import Start, build_start
from bayesmix.errors import SamplingError
from bayesmix.spec import ModelSpec

if TYPE_CHECKING:
    from bayesmix.engine.marginal.model import Marginal


TINY, HUGE = 1e-3, 1e3
"""Sizes of parameters beyond which the sampler has them in units of their own."""


@dataclass(frozen=True)
class Fused:
    """A model that the engine has made ready for a sampler.

    Attributes
    ----------
    spec : ModelSpec
    density : Density
        Of the unconstrained parameters.
    start : Start
        Where chains begin.
    marginal : Marginal or None
        What puts back the effects that are integrated out.
    """

    spec: ModelSpec
    density: Density
    start: Start
    marginal: Marginal | None = None

    @property
    def n_dim(self) -> int:
        return self.density.n_dim

    @cached_property
    def units(self) -> np.ndarray | None:
        """In what the sampler measures the parameters; None where that is no matter.

        Its adaptation begins with steps of the order of 1.
        """
        sizes = self.start.spread
        odd = (sizes < TINY) | (sizes > HUGE)
        return np.where(odd, sizes, 1.0) if odd.any() else None

    @cached_property
    def sampled(self) -> Density:
        """The density of the sampler's numbers."""
        return self.density if self.units is None else self.density.in_units(self.units)

    @property
    def description(self) -> str:
        """Which path runs: what is integrated out, and which groups are centred."""
        groups = [
            _how(g.priors.group.name, g.centered) for g in self.density.layout.groups if g.size
        ]
        gone = [f"{self.marginal.group} integrated out"] if self.marginal else []
        return ", ".join(["fused", *gone, *groups])

    def initial_point(self, seed: Any) -> np.ndarray:
        """A jittered starting point of finite density, in the sampler's numbers.

        Raises
        ------
        SamplingError
            If there is none.
        """
        point = self.start.point(np.random.default_rng(seed))
        return point if self.units is None else point / self.units

    def posterior(self, x: np.ndarray, random_seed: Any = None) -> dict[str, np.ndarray]:
        """The variables that a posterior keeps, from the sampler's draws.

        Parameters
        ----------
        x : ndarray
            … × parameters, in `units`.
        random_seed : int, sequence of int, SeedSequence, Generator or None
            For the effects that were integrated out.

        Returns
        -------
        dict of str to ndarray
            By variable (``b``, ``sd_g``, ``cor_g``, ``r_g``, ``sigma``, …); leading axes as in `x`.
        """
        x = x if self.units is None else x * self.units
        if self.marginal is None:
            return posterior_of(self.density.layout, x)
        return self.marginal.posterior(x, random_seed)


def compile_fused(
    spec: ModelSpec,
    parametrization: str | Mapping[str, str] = "auto",
    marginalize: bool = True,
    init: Mapping[str, np.ndarray] | None = None,
) -> Fused:
    """Make a model ready for a sampler.

    Parameters
    ----------
    spec : ModelSpec
    parametrization : str or mapping
        ``"centered"``, ``"noncentered"`` or ``"auto"``, for all groups that are sampled, or by
        group; groups that a mapping doesn't name are ``"auto"``.
    marginalize : bool
        Whether the effects of the largest group are integrated out where that is possible: of those
        for which `parametrization` doesn't choose by name.
    init : mapping of str to ndarray, optional
        Values near which chains start, by variable of the posterior.

    Returns
    -------
    Fused

    Raises
    ------
    SamplingError
        If the engine doesn't take the model, or there is no such parametrization or group.

    Examples
    --------
    >>> from bayesmix.datasets import load_dataset
    >>> from bayesmix.build import build_spec
    >>> sleep = load_dataset("sleepstudy")
    >>> fused = compile_fused(build_spec("Reaction ~ Days + (Days | Subject)", sleep))
    >>> fused.n_dim
    6
    """
    reason = uncovered(spec)
    if reason is not None:
        raise SamplingError(f"The fused engine can't take this model: {reason}.")
    # Here and not above, for it imports numba.
    from bayesmix.engine.marginal.model import build_marginal, can_marginalize, largest_group

    gone = None
    if marginalize and can_marginalize(spec) is None:
        gone = largest_group(spec, but=chosen_groups(parametrization))
    if gone is not None:
        centered = centered_coefs(spec, parametrization, without=gone)
        marginal = build_marginal(spec, gone, centered)
        return Fused(spec, marginal.density, build_start(spec, marginal.density, init), marginal)
    centered = centered_coefs(spec, parametrization)
    shifts = shifts_of(spec, centered)
    means = means_of(spec, centered, shifts)
    layout = build_layout(spec, centered, shifts, means, levels_of(spec), informed_of(spec))
    density = build_density(spec, layout)
    return Fused(spec, density, build_start(spec, density, init))


def _how(group: str, centered: tuple[bool, ...]) -> str:
    if any(centered) and not all(centered):
        return f"{group} partly centered"
    return f"{group} {'centered' if any(centered) else 'noncentered'}"
