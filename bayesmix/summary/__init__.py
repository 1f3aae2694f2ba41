"""Tables of a posterior: fixef, ranef, coef, varcorr, and the overview that a fit prints."""

from bayesmix.statistics import summarise
from bayesmix.summary.coefficients import coef, fixef, ngrps, ranef
from bayesmix.summary.overview import overview
from bayesmix.summary.predictions import by_row
from bayesmix.summary.text import fit_text
from bayesmix.summary.varcorr import VarCorr, varcorr
from bayesmix.tables import ByGroup, Table

__all__ = [
    "ByGroup",
    "Table",
    "VarCorr",
    "by_row",
    "coef",
    "fit_text",
    "fixef",
    "ngrps",
    "overview",
    "ranef",
    "summarise",
    "varcorr",
]
