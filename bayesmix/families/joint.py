"""Log densities of all rows of a response together, one observation of many dimensions.

They are given numbers e that are independent between rows but for a common scale of ``student``,
and the log determinant of what makes e of the response.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesmix.families.maths import HALF_LOG_2PI, Maths


def _normal(e: Any, determinant: Any, sigma: Any, m: Maths) -> Any:
    size = e.shape[-1]
    squares = (e**2).sum(axis=-1) / sigma**2
    return determinant - size * m.log(sigma) - 0.5 * squares - size * HALF_LOG_2PI


def _student(e: Any, determinant: Any, sigma: Any, nu: Any, m: Maths) -> Any:
    """Multivariate: one scale of all rows."""
    size = e.shape[-1]
    squares = (e**2).sum(axis=-1) / sigma**2
    constant = m.gammaln((nu + size) / 2) - m.gammaln(nu / 2) - 0.5 * size * m.log(np.pi * nu)
    return determinant + constant - size * m.log(sigma) - (nu + size) / 2 * m.log1p(squares / nu)


JOINT = {"gaussian": _normal, "student": _student}
"""The log density of a response, from independent numbers and the log determinant, by family."""
