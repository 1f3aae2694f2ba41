"""How to sample: numbers of draws and chains, seed, step size target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from bayesmix.errors import SamplingError
from bayesmix.randomness import seed_sequence

__all__ = ["Settings", "check_count", "seed_number"]


@dataclass(frozen=True)
class Settings:
    """The settings of a sampling run, checked.

    Parameters
    ----------
    draws, tune : int
        Kept draws (at least 1) and warm-up draws (0 or more) of each chain.
    chains : int
    cores : int, optional
        Chains at a time; as many as there are cores by default.
    random_seed : int, sequence of int, SeedSequence, Generator or None
        The same seed gives the same draws; None is fresh randomness, a Generator is advanced.
    target_accept : float
        Between 0 and 1.
    progressbar : bool
    parametrization : str or mapping of str to str
        ``"auto"``, ``"centered"`` or ``"noncentered"``, for all groups or by group.
    marginalize : bool
        Whether group effects are integrated out where they can be.
    init : mapping of str to ndarray, optional
        Values near which chains start.

    Raises
    ------
    SamplingError
        If a setting can't be; the message says which.

    Examples
    --------
    >>> Settings(draws=500).chains
    4
    """

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    cores: int | None = None
    random_seed: Any = None
    target_accept: float = 0.8
    progressbar: bool = True
    parametrization: str | Mapping[str, str] = "auto"
    marginalize: bool = True
    init: Mapping[str, np.ndarray] | None = None

    def __post_init__(self) -> None:
        check_count("draws", self.draws, 1)
        check_count("tune", self.tune, 0)
        check_count("chains", self.chains, 1)
        if self.cores is not None:
            check_count("cores", self.cores, 1)
        _check_target(self.target_accept)
        for name in ("progressbar", "marginalize"):
            if not isinstance(getattr(self, name), bool):
                raise SamplingError(f"{name} must be True or False, not {getattr(self, name)!r}.")
        if not isinstance(self.random_seed, np.random.Generator):
            seed_sequence(self.random_seed, SamplingError)


def seed_number(random_seed: Any) -> int:
    """A number below 2³⁰ for libraries that take no other seed."""
    return int(seed_sequence(random_seed, SamplingError).generate_state(1)[0] >> 2)


def check_count(name: str, value: Any, least: int) -> None:
    """SamplingError unless `value` is a whole number and at least `least`."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise SamplingError(f"{name} must be a whole number, at least {least}, not {value!r}.")


def _check_target(value: Any) -> None:
    number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not 0 < value < 1:
        raise SamplingError(
            f"target_accept must be a number between 0 and 1 (0.8, say, or 0.95 for smaller "
            f"steps), not {value!r}."
        )
