"""What the user gives as ``random_seed``."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.errors import BayesmixError

__all__ = ["seed_sequence"]


def seed_sequence(random_seed: Any, error: type[BayesmixError]) -> np.random.SeedSequence:
    """What a seed of any accepted kind stands for.

    Parameters
    ----------
    random_seed : int, sequence of int, SeedSequence, Generator or None
        None is fresh randomness; a Generator is advanced, so that the next use of it differs; a
        SeedSequence stays as it is.
    error : type
        What to raise for anything else.

    Examples
    --------
    >>> from bayesmix.errors import SamplingError
    >>> seed_sequence(3, SamplingError).entropy
    3
    """
    if isinstance(random_seed, np.random.SeedSequence):
        return random_seed
    if isinstance(random_seed, np.random.Generator):
        return np.random.SeedSequence(int(random_seed.integers(2**63)))
    try:
        if not isinstance(random_seed, bool | np.bool):
            return np.random.SeedSequence(random_seed)
    except (TypeError, ValueError):
        pass
    raise error(
        "random_seed must be a whole number that isn't negative, a numpy Generator or "
        f"SeedSequence, or None, not {random_seed!r}."
    )
