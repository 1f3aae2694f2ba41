"""How well a fit predicts: leaving rows out, by importance sampling or by fitting again."""

from bayesmix.criticism.cross_validation import kfold, reloo
from bayesmix.criticism.elpd import compared, loo, waic
from bayesmix.criticism.log_lik import GROUP, in_chains, log_likelihood
from bayesmix.criticism.r2 import bayes_r2, expectation, loo_r2
from bayesmix.criticism.residuals import autocorrelation, residuals, semivariogram

__all__ = [
    "GROUP",
    "autocorrelation",
    "bayes_r2",
    "compared",
    "expectation",
    "in_chains",
    "kfold",
    "log_likelihood",
    "loo",
    "loo_r2",
    "reloo",
    "residuals",
    "semivariogram",
    "waic",
]
