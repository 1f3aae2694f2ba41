"""Text to tree: what a model's formula means, before any data.

A text is cut into `tokens`, which a `cursor` reads. `response` and `sides` are the two sides of a
``~``; `expressions` are the insides of calls, `groups` what stands right of a bar, `algebra` what
operators between terms do. `parser` and `bf` put it together, `tree` is what comes out.
"""

from __future__ import annotations

from bayesmix.formula.bf import bf, mv
from bayesmix.formula.dots import redotted
from bayesmix.formula.multivariate import MvFormula
from bayesmix.formula.parser import parse_formula, parse_predictor, parse_re_formula
from bayesmix.formula.ties import with_ties
from bayesmix.formula.tree import Formula

__all__ = [
    "Formula",
    "MvFormula",
    "bf",
    "mv",
    "parse_formula",
    "parse_predictor",
    "parse_re_formula",
    "redotted",
    "with_ties",
]
