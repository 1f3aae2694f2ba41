"""A double as its bits and back; the engine compiles these to one instruction each."""

from __future__ import annotations

import struct


def bits_of(x: float) -> int:
    """The bits of a double, as a signed integer."""
    return struct.unpack("<q", struct.pack("<d", x))[0]


def double_of(bits: int) -> float:
    """The double that has these bits."""
    return struct.unpack("<d", struct.pack("<q", bits))[0]
