"""Numbers rounded and written as R does, so that prior strings equal brms's."""

from __future__ import annotations

import math

__all__ = ["format_number", "round_as_r"]


def round_as_r(x: float, digits: int = 1) -> float:
    """`x` rounded as R >= 4.0 rounds: to the nearer of the two candidates, ties to the even digit.

    Parameters
    ----------
    x : float
    digits : int
        Digits after the point.

    Returns
    -------
    float

    Examples
    --------
    >>> round_as_r(0.15), round_as_r(0.25), round_as_r(0.35), round_as_r(-59.3075)
    (0.1, 0.2, 0.3, -59.3)
    """
    if not math.isfinite(x) or abs(x) >= 10.0 ** (15 - digits):
        return x
    scale = 10.0**digits
    size = abs(x)
    low, high = math.floor(size * scale), math.ceil(size * scale)
    below, above = size - low / scale, high / scale - size
    nearer = low if below < above or (below == above and low % 2 == 0) else high
    return math.copysign(nearer / scale, x)


def format_number(x: float) -> str:
    """`x` with at most 15 significant digits, in R's choice of fixed or scientific notation.

    Parameters
    ----------
    x : float

    Returns
    -------
    str

    Examples
    --------
    >>> [format_number(x) for x in (3.0, 288.7, 0.1 + 0.2, 1e5, 123456.0, -math.inf)]
    ['3', '288.7', '0.3', '1e+05', '123456', '-Inf']
    """
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Inf" if x > 0 else "-Inf"
    mantissa, exponent = f"{x:.14e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    scientific = f"{mantissa}e{exponent}"
    decimals = len(mantissa.partition(".")[2]) - int(exponent)
    fixed = f"{x + 0.0:.{max(0, decimals)}f}"
    return fixed if len(fixed) <= len(scientific) else scientific
