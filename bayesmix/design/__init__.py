"""Formula tree + data → matrices, level indices, and the recipe that applies them to new data."""

from bayesmix.design.build import Design, PredictorDesign, build_design
from bayesmix.design.contributions import Columns, GroupEffects, Offset, Smooths
from bayesmix.design.groups import By, Group, Located
from bayesmix.design.latent import LatentResiduals
from bayesmix.design.matrix import Matrix
from bayesmix.design.measured import Measured
from bayesmix.design.nonlinear import Expression
from bayesmix.design.processes import Processes
from bayesmix.design.regions import Regions
from bayesmix.design.residuals import Residuals
from bayesmix.design.response import ResponseData
from bayesmix.design.spine import GroupCoef, blocks, coefs_of
from bayesmix.design.variances import VarianceFunction

__all__ = [
    "By",
    "Columns",
    "Design",
    "Expression",
    "Group",
    "GroupCoef",
    "GroupEffects",
    "LatentResiduals",
    "Located",
    "Matrix",
    "Measured",
    "Offset",
    "PredictorDesign",
    "Processes",
    "Regions",
    "Residuals",
    "ResponseData",
    "Smooths",
    "VarianceFunction",
    "blocks",
    "build_design",
    "coefs_of",
]
