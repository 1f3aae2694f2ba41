"""Random streams of one seed, each for its own purpose.

What a seed gives a new level depends on the group's name and the level's label alone: so it is the
same in every call, wherever the level stands and whatever else is predicted.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.errors import PredictionError
from bayesmix.randomness import seed_sequence


@dataclass(frozen=True)
class Seeds:
    """The streams of one seed."""

    root: np.random.SeedSequence

    def stream(self, *purpose: str) -> np.random.Generator:
        """The generator for one purpose; the same purpose, the same numbers."""
        return np.random.default_rng(self.child(*purpose))

    def child(self, *purpose: str) -> np.random.SeedSequence:
        """A seed for one purpose."""
        key = *self.root.spawn_key, *_words(purpose)
        return np.random.SeedSequence(self.root.entropy, spawn_key=key)


def _words(purpose: Sequence[str]) -> tuple[int, ...]:
    """128 bits that no two purposes share."""
    text = "".join(f"{len(part)}:{part}" for part in purpose)
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
    return struct.unpack("<4I", digest)


def make_seeds(random_seed: Any) -> Seeds:
    """The streams of a seed of any kind that `seed_sequence` takes."""
    return Seeds(seed_sequence(random_seed, PredictionError))
