"""Bayesian multilevel models from formulas, in the manner of brms.

A formula becomes a `Model`, sampling makes a `Fit`, and a `Fit` answers questions about the
average cluster, the fitted clusters and new ones.
"""

from bayesmix.bridge import from_brms
from bayesmix.comparing import loo_compare
from bayesmix.curves import Curve, curve
from bayesmix.datasets import describe_dataset, list_datasets, load_dataset
from bayesmix.errors import (
    BayesmixError,
    BayesmixWarning,
    CacheWarning,
    ConvergenceWarning,
    DataError,
    EstimationError,
    ExtrapolationWarning,
    FamilyError,
    FormulaError,
    MissingRowsWarning,
    PredictionError,
    PriorError,
    SamplingError,
    StaleFitWarning,
    StorageError,
)
from bayesmix.families import Family, custom_family, family, mixture
from bayesmix.fit import Fit, MultipleFit
from bayesmix.fitting import brm
from bayesmix.formula import Formula, MvFormula, bf, mv
from bayesmix.loading import load
from bayesmix.model import Model
from bayesmix.multiple import brm_multiple
from bayesmix.predict import NA
from bayesmix.priors import Prior, prior

__all__ = [
    "NA",
    "BayesmixError",
    "BayesmixWarning",
    "CacheWarning",
    "ConvergenceWarning",
    "Curve",
    "DataError",
    "EstimationError",
    "ExtrapolationWarning",
    "Family",
    "FamilyError",
    "Fit",
    "Formula",
    "FormulaError",
    "MissingRowsWarning",
    "Model",
    "MultipleFit",
    "MvFormula",
    "PredictionError",
    "Prior",
    "PriorError",
    "SamplingError",
    "StaleFitWarning",
    "StorageError",
    "bf",
    "brm",
    "brm_multiple",
    "curve",
    "custom_family",
    "describe_dataset",
    "family",
    "from_brms",
    "list_datasets",
    "load",
    "load_dataset",
    "loo_compare",
    "mixture",
    "mv",
    "prior",
]


def __dir__() -> list[str]:
    """What completion offers: what is public, without the modules that it is made in."""
    return __all__
