"""Row kernels for the engine, made of the log densities that families are written in."""

from bayesmix.families.derived.functions import UntraceableError
from bayesmix.families.derived.row import DerivedRow, derived_row, of_density

__all__ = ["DerivedRow", "UntraceableError", "derived_row", "of_density"]
