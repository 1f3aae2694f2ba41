"""Streams of random numbers, each for its own purpose."""

from __future__ import annotations

import numpy as np
import pytest

from bayesmix.errors import PredictionError
from bayesmix.predict.seeds import make_seeds


def numbers(seed: object, *purpose: str) -> list[int]:
    return make_seeds(seed).stream(*purpose).integers(2**60, size=4).tolist()


def test_one_purpose_one_stream() -> None:
    assert numbers(1, "level", "g", "a") == numbers(1, "level", "g", "a")
    assert numbers(1, "level", "g", "a") != numbers(2, "level", "g", "a")


def test_purposes_differ() -> None:
    purposes = [("a",), ("b",), ("a", "b"), ("ab",), ("b", "a"), ("a\x1fb",), ("\x00",), ("",), ()]
    streams = {tuple(numbers(1, *p)) for p in purposes}
    assert len(streams) == len(purposes)


def test_labels_that_a_short_hash_confuses() -> None:
    """The two have one CRC-32."""
    assert numbers(1, "plumless") != numbers(1, "buckeroo")


def test_odd_labels() -> None:
    assert numbers(1, "é", "\ud800") == numbers(1, "é", "\ud800")


def test_sequences_and_spawned_seeds() -> None:
    root = np.random.SeedSequence(5)
    first, second = root.spawn(2)
    assert numbers(first, "a") != numbers(second, "a") != numbers(root, "a")
    assert numbers([1, 2], "a") == numbers([1, 2], "a") != numbers([2, 1], "a")


def test_a_generator_goes_on() -> None:
    generator = np.random.default_rng(1)
    assert numbers(generator, "a") != numbers(generator, "a")


@pytest.mark.parametrize("seed", [-1, 1.5, "x", {}, [1.5]])
def test_what_is_no_seed(seed: object) -> None:
    with pytest.raises(PredictionError, match="random_seed must be"):
        make_seeds(seed)
