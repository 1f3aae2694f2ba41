"""Tables of a posterior: fixef, ranef, coef, varcorr, and the overview that a fit prints."""

from bayesmix.statistics import summarise
from bayesmix.summary.coefficients import arranged, coef, fixef, ngrps, ranef
from bayesmix.summary.draws import long, wide
from bayesmix.summary.equation import Equation
from bayesmix.summary.overview import overview
from bayesmix.summary.predictions import by_row, frequencies_by_row
from bayesmix.summary.shrinkage import Shrinkage, shrinkage
from bayesmix.summary.text import fit_html, fit_text
from bayesmix.summary.varcorr import VarCorr, VarCorrs, varcorr
from bayesmix.tables import ByGroup, Table

__all__ = [
    "ByGroup",
    "Equation",
    "Shrinkage",
    "Table",
    "VarCorr",
    "VarCorrs",
    "arranged",
    "by_row",
    "coef",
    "fit_html",
    "fit_text",
    "fixef",
    "frequencies_by_row",
    "long",
    "ngrps",
    "overview",
    "ranef",
    "shrinkage",
    "summarise",
    "varcorr",
    "wide",
]
