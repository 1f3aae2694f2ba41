"""`ModelSpec` → precompiled log density and gradient: the same density as the PyMC model."""

from bayesmix.engine.coverage import uncovered
from bayesmix.engine.fused import Fused, compile_fused

__all__ = ["Fused", "compile_fused", "uncovered"]
