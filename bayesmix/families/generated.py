"""Row kernels of combinators, written out for the number of values of the kernel within.

Tuples of any length are something that a compiler of loops wants spelled out.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, log, log1p
from typing import Any

from bayesmix.families.scalar import sigmoid, softplus

__all__ = ["fill_in", "generated"]

SCOPE = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sigmoid": sigmoid,
    "softplus": softplus,
}


def generated(name: str, template: str, size: int, **used: Any) -> Callable[..., Any]:
    """The function of that name that a template gives for `size` values.

    Parameters
    ----------
    name : str
    template : str
        See `fill_in`.
    size : int
    **used : object
        What the text uses beside the functions of `math` and `scalar`.
    """
    scope = {**SCOPE, **used, "__name__": __name__}
    exec(compile(fill_in(template, size), __file__, "exec"), scope)
    return scope[name]


def fill_in(template: str, size: int) -> str:
    """What stands in ``«…»``, with ``#`` for the number, once for each value, comma separated.

    Examples
    --------
    >>> fill_in("def f(y, «v#»): return «2 * v#»", 2)
    'def f(y, v0, v1): return 2 * v0, 2 * v1'
    """
    before, *rest = template.split("«")
    text = before
    for part in rest:
        each, _, after = part.partition("»")
        text += ", ".join(each.replace("#", str(k)) for k in range(size)) + after
    return text
