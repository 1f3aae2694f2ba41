"""What expressions are made of: the value of an operation, and its derivatives by the arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import atan, cos, cosh, exp, expm1, log, log1p, sin, sinh, sqrt, tan, tanh
from types import MappingProxyType

LN_2, LN_10 = log(2.0), log(10.0)


def _add(a: float, b: float) -> tuple[float, float, float]:
    return a + b, 1.0, 1.0


def _subtract(a: float, b: float) -> tuple[float, float, float]:
    return a - b, 1.0, -1.0


def _multiply(a: float, b: float) -> tuple[float, float, float]:
    return a * b, b, a


def _divide(a: float, b: float) -> tuple[float, float, float]:
    value = a / b
    return value, 1.0 / b, -value / b


def _power(a: float, b: float) -> tuple[float, float, float]:
    value = a**b
    # The derivative by the exponent of a power of 0 is 0.
    return value, b * a ** (b - 1.0), value * log(a) if a != 0.0 else 0.0


def _min(a: float, b: float) -> tuple[float, float, float]:
    # What isn't a number stays so.
    return (a, 1.0, 0.0) if a < b else (b if b <= a else a + b, 0.0, 1.0)


def _max(a: float, b: float) -> tuple[float, float, float]:
    return (a, 1.0, 0.0) if a > b else (b if b >= a else a + b, 0.0, 1.0)


def _negative(a: float) -> tuple[float, float]:
    return -a, -1.0


def _exp(a: float) -> tuple[float, float]:
    value = exp(a)
    return value, value


def _expm1(a: float) -> tuple[float, float]:
    return expm1(a), exp(a)


def _log(a: float) -> tuple[float, float]:
    return log(a), 1.0 / a


def _log1p(a: float) -> tuple[float, float]:
    return log1p(a), 1.0 / (1.0 + a)


def _log2(a: float) -> tuple[float, float]:
    return log(a) / LN_2, 1.0 / (a * LN_2)


def _log10(a: float) -> tuple[float, float]:
    return log(a) / LN_10, 1.0 / (a * LN_10)


def _sqrt(a: float) -> tuple[float, float]:
    value = sqrt(a)
    return value, 0.5 / value


def _square(a: float) -> tuple[float, float]:
    return a * a, 2.0 * a


def _abs(a: float) -> tuple[float, float]:
    return abs(a), -1.0 if a < 0.0 else 1.0


def _sin(a: float) -> tuple[float, float]:
    return sin(a), cos(a)


def _cos(a: float) -> tuple[float, float]:
    return cos(a), -sin(a)


def _tan(a: float) -> tuple[float, float]:
    value = tan(a)
    return value, 1.0 + value * value


def _sinh(a: float) -> tuple[float, float]:
    return sinh(a), cosh(a)


def _cosh(a: float) -> tuple[float, float]:
    return cosh(a), sinh(a)


def _tanh(a: float) -> tuple[float, float]:
    value = tanh(a)
    return value, 1.0 - value * value


def _atan(a: float) -> tuple[float, float]:
    return atan(a), 1.0 / (1.0 + a * a)


def _inv_logit(a: float) -> tuple[float, float]:
    value = 1.0 / (1.0 + exp(-a))
    return value, value * (1.0 - value)


def _logit(a: float) -> tuple[float, float]:
    return log(a) - log1p(-a), 1.0 / (a * (1.0 - a))


BINARY: Mapping[str, Callable[[float, float], tuple[float, float, float]]] = MappingProxyType(
    {
        "+": _add,
        "-": _subtract,
        "*": _multiply,
        "/": _divide,
        "**": _power,
        "pow": _power,
        "min": _min,
        "max": _max,
    }
)
"""Those of two arguments."""

UNARY: Mapping[str, Callable[[float], tuple[float, float]]] = MappingProxyType(
    {
        "negative": _negative,
        "exp": _exp,
        "expm1": _expm1,
        "log": _log,
        "log1p": _log1p,
        "log2": _log2,
        "log10": _log10,
        "sqrt": _sqrt,
        "square": _square,
        "abs": _abs,
        "sin": _sin,
        "cos": _cos,
        "tan": _tan,
        "sinh": _sinh,
        "cosh": _cosh,
        "tanh": _tanh,
        "atan": _atan,
        "inv_logit": _inv_logit,
        "logit": _logit,
    }
)
"""Those of one."""

CODES: Mapping[str, int] = MappingProxyType({n: i for i, n in enumerate((*BINARY, *UNARY))})
"""Their numbers."""
