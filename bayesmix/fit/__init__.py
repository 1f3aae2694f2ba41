"""A fit: draws, and everything that can be asked of them, a file for each kind of question."""

from bayesmix.fit.fit import Fit
from bayesmix.fit.multiple import MultipleFit

__all__ = ["Fit", "MultipleFit"]
