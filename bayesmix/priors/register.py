"""A prior as a random variable of a PyMC model."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from bayesmix.errors import PriorError
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.laws import Recipe
from bayesmix.priors.shares import concentration

__all__ = ["register"]

WITHOUT_CDF = frozenset({"skew_normal"})
"""Distributions that PyMC has no distribution function of."""


def register(
    distribution: Distribution,
    name: str,
    lower: float = -math.inf,
    upper: float = math.inf,
    **kwargs: Any,
) -> Any:
    """Register a random variable with this prior, truncated to a range, in the open PyMC model.

    A constant becomes no random variable but a tensor. Where PyMC has a form of its own for the
    truncated distribution (a half normal, say), that is used; else `pymc.Truncated`. The densities
    are those of `Resolved.logpdf`.

    Parameters
    ----------
    distribution : Distribution
    name : str
        The variable's name in the model.
    lower, upper : float
        Its range: the *effective* bounds, within the distribution's support.
    **kwargs
        Passed to PyMC: ``dims``, ``shape``, ``initval``.

    Returns
    -------
    TensorVariable

    Raises
    ------
    PriorError
        If the distribution is ``lkj``, which is one of matrices.

    Examples
    --------
    >>> import pymc as pm
    >>> with pm.Model() as model:
    ...     sd = register(Distribution("student_t", (3, 0, 2.5)), "sd", lower=0, shape=2)
    >>> sd.owner.op.__class__.__name__
    'HalfStudentTRV'
    """
    import pymc as pm

    if distribution.name == "lkj":
        raise PriorError("An lkj prior is one of matrices: use pymc's LKJCholeskyCov or LKJCorr.")
    if distribution.name == "dirichlet":
        *_, size = _shape(kwargs)
        return pm.Dirichlet(name, concentration(distribution.params, size), **kwargs)
    if distribution.fixed:
        return _constant(distribution.params[0], kwargs)
    if not distribution.proper:
        return _register_flat(name, lower, upper, kwargs)
    low, high = distribution.support
    if lower <= low and upper >= high:
        recipe = distribution.law.pymc
    elif _is_folded(distribution, lower, upper):
        recipe = distribution.law.half
    else:
        return _register_truncated(distribution, name, lower, upper, kwargs)
    class_, params = _doubles(recipe, distribution)
    return getattr(pm, class_)(name, **params, **kwargs)


def _doubles(recipe: Recipe, distribution: Distribution) -> tuple[str, dict[str, np.float64]]:
    """PyMC's name and numbers; PyTensor makes some Python floats single precision."""
    class_, params = recipe(*distribution.params)
    return class_, {key: np.float64(value) for key, value in params.items()}


def _is_folded(distribution: Distribution, lower: float, upper: float) -> bool:
    """Whether the range is the upper half of a distribution around zero that PyMC has halved."""
    location = dict(zip(distribution.law.args, distribution.params, strict=True)).get("mu", 0.0)
    has_half = distribution.law.half is not None
    return has_half and location == 0.0 and lower == 0.0 and upper == math.inf


def _register_truncated(
    distribution: Distribution, name: str, lower: float, upper: float, kwargs: dict[str, Any]
) -> Any:
    import pymc as pm

    if distribution.name in WITHOUT_CDF:
        return _register_weighted(distribution, name, lower, upper, kwargs)
    class_, params = _doubles(distribution.law.pymc, distribution)
    base = getattr(pm, class_).dist(**params)
    with warnings.catch_warnings():
        # PyMC says so of its own inverse gamma, whose quantiles are those of 1 / gamma.
        warnings.filterwarnings("ignore", "RandomVariables .* were found in the derived graph")
        return pm.Truncated(name, base, lower=_finite(lower), upper=_finite(upper), **kwargs)


def _register_weighted(
    distribution: Distribution, name: str, lower: float, upper: float, kwargs: dict[str, Any]
) -> Any:
    """A flat variable with the log density as a potential, where PyMC can't truncate."""
    import pymc as pm

    variable = _register_flat(name, lower, upper, kwargs)
    class_, params = _doubles(distribution.law.pymc, distribution)
    logp = pm.logp(getattr(pm, class_).dist(**params), variable)
    pm.Potential(f"{name}_prior", logp - distribution.log_mass(lower, upper))
    return variable


def tensor_logpdf(
    distribution: Distribution, value: Any, lower: float = -math.inf, upper: float = math.inf
) -> Any:
    """The density of `Resolved.logpdf` as a tensor, of a tensor that is no random variable."""
    import pymc as pm
    import pytensor.tensor as pt

    class_, params = _doubles(distribution.law.pymc, distribution)
    logp = pm.logp(getattr(pm, class_).dist(**params), value)
    inside = pt.and_(value >= lower, value <= upper)
    return pt.switch(inside, logp - distribution.log_mass(lower, upper), -np.inf)


def _constant(value: float, kwargs: dict[str, Any]) -> Any:
    import pytensor.tensor as pt

    return pt.as_tensor(np.full(_shape(kwargs), value))


def _register_flat(name: str, lower: float, upper: float, kwargs: dict[str, Any]) -> Any:
    import pymc as pm
    from pymc.distributions.transforms import Interval

    if lower == -math.inf and upper == math.inf:
        return pm.Flat(name, **kwargs)
    # Flat starts at 0, which may be outside.
    inside = upper - 1.0 if lower == -math.inf else lower + min(1.0, (upper - lower) / 2)
    start = np.full(_shape(kwargs), inside)
    bounded = Interval(_finite(lower), _finite(upper))
    return pm.Flat(name, default_transform=bounded, **{"initval": start, **kwargs})


def _shape(kwargs: dict[str, Any]) -> tuple[int, ...]:
    """The shape of a variable with these arguments in the open model."""
    import pymc as pm

    if "dims" in kwargs:
        dims = kwargs["dims"]
        coords = pm.modelcontext(None).coords
        return tuple(len(coords[d]) for d in ([dims] if isinstance(dims, str) else dims))
    return tuple(np.atleast_1d(kwargs.get("shape", ())).astype(int))


def _finite(bound: float) -> np.float64 | None:
    return np.float64(bound) if math.isfinite(bound) else None
