"""Run a sampler, collect its draws, judge whether they can be trusted."""

from bayesmix.sampling.judge import judge
from bayesmix.sampling.prior import draw_prior, prior_tree
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.run import run, run_prior
from bayesmix.sampling.settings import Settings

__all__ = ["Problem", "Settings", "draw_prior", "judge", "prior_tree", "run", "run_prior"]
