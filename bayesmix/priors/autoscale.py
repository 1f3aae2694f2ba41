"""Default priors that are scaled by the data, as rstanarm has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from bayesmix.errors import PriorError, did_you_mean, listed
from bayesmix.families.family import Family
from bayesmix.parameters.slots import Slot
from bayesmix.priors.distributions import Distribution

__all__ = ["SCHEMES", "autoscaled", "check_scheme"]

SCHEMES = ("brms", "autoscale")
"""Where the priors come from that the user doesn't give."""

WIDTH = 2.5
AUXILIARY = ("sigma", "shape", "phi")
"""The parameters without a formula that rstanarm has an exponential prior for."""

Defaults = dict[tuple[str, ...], Distribution]


def check_scheme(name: str) -> None:
    """PriorError unless there is such a scheme of default priors."""
    if name not in SCHEMES:
        raise PriorError(
            f"There are no default priors {name!r}.{did_you_mean(str(name), SCHEMES)} "
            f"There is {listed(SCHEMES)}."
        )


def autoscaled(
    family: Family,
    y: np.ndarray,
    slots: Iterable[Slot],
    columns: Mapping[str, Mapping[str, np.ndarray]],
    offset: float = 0.0,
) -> Defaults:
    """Weakly informative priors in units of the data.

    Coefficients get normal(0, 2.5 · s / sd(x)), the intercept at the means of the columns
    normal(m, 2.5 · s), and sigma, shape and phi exponential(1 / s). For families with a sigma and
    an identity link m is the mean and s the standard deviation of the response (of its logarithm
    where the family is one of logarithms); for all others m is 0 and s is 1. Columns that don't
    vary are taken to have a standard deviation of 1. All other parameters, group effects among
    them, keep brms's priors, for rstanarm has theirs in units of sigma. Nonlinear parameters have
    no default.

    Parameters
    ----------
    family : Family
    y : ndarray
        The response.
    slots : iterable of Slot
        The parameters.
    columns : mapping of str to mapping of str to ndarray
        By dpar (``""`` is mu) and coefficient.
    offset : float
        Mean of the main predictor's offset.

    Returns
    -------
    dict
        For class and dpar the prior before it is scaled; by `Key` what comes of it.

    References
    ----------
    rstanarm's *Prior Distributions* vignette: https://mc-stan.org/rstanarm/articles/priors.html

    Examples
    --------
    >>> from bayesmix.families.registry import family
    >>> slots = [Slot("Intercept"), Slot("b", coef="x"), Slot("sigma", lower=0)]
    >>> x, y = {"": {"x": np.array([0.0, 2.0, 4.0])}}, np.array([1.0, 5.0, 9.0])
    >>> for key, prior in autoscaled(family("gaussian"), y, slots, x).items():
    ...     print(key, prior)
    ('Intercept', '') normal(0, 2.5)
    Key(class_='Intercept', dpar='', group='', coef='', resp='') normal(5, 10)
    ('b', '') normal(0, 2.5)
    Key(class_='b', dpar='', group='', coef='x', resp='') normal(0, 5)
    ('sigma', '') exponential(1)
    Key(class_='sigma', dpar='', group='', coef='', resp='') exponential(0.25)
    """
    found: Defaults = {}
    for slot in (s for s in slots if not s.dpar or s.dpar not in family.nonlinear):
        own, part = _of_part(family, slot)
        location, size = _response(part, np.asarray(y))
        x = columns.get(slot.dpar, {}).get(slot.coef)
        for given, came in _priors(own, location - offset, size, x):
            found[slot.class_, slot.dpar] = given
            found[slot.key] = came
    return found


def _of_part(family: Family, slot: Slot) -> tuple[Slot, Family]:
    """The parameter as the component of a mixture calls it, and this; else as it is."""
    name, part = family.base_of(slot.dpar or slot.class_)
    if part is family:
        return slot, family
    return replace(slot, **({"dpar": name} if slot.dpar else {"class_": name})), part


def _priors(
    slot: Slot, location: float, size: float, x: np.ndarray | None
) -> Iterator[tuple[Distribution, Distribution]]:
    """The prior of a parameter before and after scaling, if it has one."""
    unscaled = Distribution("normal", (0.0, WIDTH))
    if slot == Slot("Intercept"):
        yield unscaled, Distribution("normal", (location, WIDTH * size))
    elif slot.class_ == "b":
        own = size if not slot.dpar else 1.0
        yield unscaled, Distribution("normal", (0.0, WIDTH * own / _spread(x)))
    elif slot.class_ in AUXILIARY:
        rate = 1.0 / size if slot.class_ == "sigma" else 1.0
        yield Distribution("exponential", (1.0,)), Distribution("exponential", (rate,))


def _spread(x: np.ndarray | None) -> float:
    sd = 0.0 if x is None else float(np.std(x, ddof=1))
    return sd if sd > 0 and np.isfinite(sd) else 1.0


def _response(family: Family, y: np.ndarray) -> tuple[float, float]:
    """Where the response is and how much it varies, on the scale of the predictor."""
    scaled = "sigma" in family.dpar_names and family.dpar("mu").link == "identity"
    if not scaled or y.dtype.kind not in "iuf" or y.ndim != 1:
        return 0.0, 1.0
    z = np.log(y[y > 0]) if family.log_scale else y
    return float(z.mean()), _spread(z)
