"""exp, log and their kin from arithmetic alone, so that a compiler can do several at once.

A call into the C library keeps a loop over rows from being vectorised; these don't. Errors are
under two units in the last place.

References
----------
J.-M. Muller (2016), Elementary Functions: Algorithms and Implementation, 3rd ed.
"""

from __future__ import annotations

from bayesmix.engine.numerics.bits import bits_of, double_of

LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
SHIFT = 6755399441055744.0
"""1.5 * 2**52: adding it rounds to an integer, which then is in the low bits."""
EXPONENT_ONE = 1023
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
TWO_52_BITS = 0x4330000000000000
TWO_52 = 4503599627370496.0
TINY = 2.2250738585072014e-308
INFINITY = float("inf")
NAN = float("nan")


def exp(x: float) -> float:
    """The exponential function."""
    # Nan is neither smaller nor larger, and stays.
    x = -746.0 if x < -746.0 else x
    x = 710.0 if x > 710.0 else x
    shifted = x * LOG2_E + SHIFT
    k = shifted - SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    # In two factors, for 2**k alone may be outside the range where the result is not.
    power = bits_of(shifted) - bits_of(SHIFT)
    half = power >> 1
    first = double_of((half + EXPONENT_ONE) << 52)
    second = double_of((power - half + EXPONENT_ONE) << 52)
    return _exp_near_0(r) * first * second


def log(x: float) -> float:
    """The natural logarithm; nan for negative x and for nan."""
    subnormal = x < TINY
    bits = bits_of(x * TWO_52 if subnormal else x)
    # The exponent of the power of two that brings x closest to 1.
    offset = bits - SQRT_HALF_BITS
    steps = offset >> 52
    k = _as_double(steps) - (52.0 if subnormal else 0.0)
    f = double_of(bits - (steps << 52)) - 1.0
    y = _log_near_1(f, k)
    y = y if x > 0.0 else (-INFINITY if x == 0.0 else NAN)
    return y if x < INFINITY else x


def log1p(x: float) -> float:
    """``log(1 + x)`` with the digits that 1 + x loses put back."""
    u = 1.0 + x
    lost = (x - (u - 1.0)) / u
    return log(u) + (lost if 0.0 < u < 1e15 else 0.0)


def expm1(x: float) -> float:
    """``exp(x) - 1`` without cancellation near 0."""
    u = exp(x)
    near = _expm1_near_0(x if abs(x) < 0.5 else 0.0)
    return near if abs(x) < 0.5 else u - 1.0


def _as_double(integer: int) -> float:
    """A small signed integer as a double, by bits: the conversion is slow in vectors."""
    return double_of((integer + 2048) | TWO_52_BITS) - (TWO_52 + 2048.0)


def _exp_near_0(r: float) -> float:
    return 1.0 + _expm1_near_0(r)


def _expm1_near_0(r: float) -> float:
    """Taylor's series, for |r| to 1/2."""
    q = 1 / 6227020800 + r * (1 / 87178291200)
    q = 1 / 39916800 + r * (1 / 479001600 + r * q)
    q = 1 / 362880 + r * (1 / 3628800 + r * q)
    q = 1 / 5040 + r * (1 / 40320 + r * q)
    q = 1 / 120 + r * (1 / 720 + r * q)
    q = 0.5 + r * (1 / 6 + r * (1 / 24 + r * q))
    return r + r * r * q


def _log_near_1(f: float, k: float) -> float:
    """``log((1 + f) * 2**k)`` for 1 + f between √½ and √2, by the series of the area tangent."""
    s = f / (2.0 + f)
    z = s * s
    q = 2 / 17 + z * (2 / 19 + z * (2 / 21 + z * (2 / 23)))
    q = 2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * q)))
    q = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * q)))
    return k * LN2_HIGH - ((s * (f - q) - k * LN2_LOW) - f)
