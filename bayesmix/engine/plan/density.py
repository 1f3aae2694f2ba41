"""A model's log density and gradient, ready to be called."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bayesmix.engine.plan.layout import Layout
from bayesmix.engine.plan.likelihood import compiled_likelihood
from bayesmix.engine.plan.packing import Packed, pack
from bayesmix.engine.plan.together import parts_of
from bayesmix.spec import ModelSpec

_DOUBLES = ctypes.POINTER(ctypes.c_double)
_CALL = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_uint64, _DOUBLES, _DOUBLES, _DOUBLES, ctypes.c_void_p
)


@dataclass(frozen=True)
class Density:
    """The log density of a model's unconstrained parameters, as a C function and its data.

    Attributes
    ----------
    layout : Layout
    address, expand_address : int
        Of ``int64(n, x, gradient, log density, data)`` and of nutpie's expand function.
    packed : Packed
        The data, which must live as long as the functions are called.
    """

    layout: Layout
    address: int
    expand_address: int
    packed: Packed

    @property
    def n_dim(self) -> int:
        return self.layout.n_dim

    def in_units(self, units: np.ndarray) -> Density:
        """The density of numbers that are the parameters in these units."""
        head, units = self.packed.head.copy(), np.ascontiguousarray(units, np.float64)
        head["units"] = units.ctypes.data
        return replace(self, packed=Packed(head, (*self.packed.kept, units)))

    @property
    def data_address(self) -> int:
        return self.packed.head.ctypes.data

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Log density, up to a constant of the model, and gradient; -inf where there is none."""
        x = np.ascontiguousarray(x, np.float64)
        grad, logp = np.empty_like(x), np.empty(1)
        args = (a.ctypes.data_as(_DOUBLES) for a in (x, grad, logp))
        failed = self._function(x.size, *args, self.data_address)
        return (-np.inf if failed else float(logp[0])), grad

    @cached_property
    def _function(self) -> ctypes._CFuncPtr:
        return _CALL(self.address)


def build_density(spec: ModelSpec, layout: Layout) -> Density:
    """Load the kernels (compile them, the first time on a machine) and hand them the model."""
    from bayesmix.engine.kernels.density import compiled_density, compiled_expand

    rows = [compiled_likelihood(part.response).address for part in parts_of(spec)]
    density, expand = compiled_density(), compiled_expand()
    return Density(layout, density.address, expand.address, pack(spec, layout, rows))
