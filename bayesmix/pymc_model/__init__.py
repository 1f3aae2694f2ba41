"""`ModelSpec` → `pm.Model`: the only place that makes random variables."""

from bayesmix.pymc_model.build import build_pymc_model
from bayesmix.pymc_model.changes import changes_of
from bayesmix.pymc_model.picture import graph

__all__ = ["build_pymc_model", "changes_of", "graph"]
