"""Smooth functions of covariates as mixed models, equal to mgcv's.

A basis (`splines`, `thin_plate`, `levels`) has columns on any rows and a penalty; `penalised`
turns it into columns without penalty and blocks of columns whose coefficients are normal with one
standard deviation; `tensor` does so for products of bases.

Source: Wood (2017), *Generalized Additive Models*, 2nd ed., chapter 5; for products Wood, Scheipl
and Faraway (2013), Statistics and Computing 23, 341-360.
"""

from bayesmix.smooths.basis import Basis
from bayesmix.smooths.levels import factor_smooth, random_effect
from bayesmix.smooths.penalised import Smooth, smooth
from bayesmix.smooths.splines import cubic, cyclic, p_spline
from bayesmix.smooths.tensor import tensor
from bayesmix.smooths.thin_plate import thin_plate

__all__ = [
    "Basis",
    "Smooth",
    "cubic",
    "cyclic",
    "factor_smooth",
    "p_spline",
    "random_effect",
    "smooth",
    "tensor",
    "thin_plate",
]
