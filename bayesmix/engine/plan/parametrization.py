"""Centred or not: whether a group's effects or their standardised values are the parameters.

Centred ones stand in the vector of parameters as `shifts` has them: around what the population says
of them, and apart from their means.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayesmix.engine.plan.density import build_density
from bayesmix.engine.plan.layout import build_layout
from bayesmix.engine.plan.levels import Rates, WithinLevels, groups_of
from bayesmix.engine.plan.scores import RowFit, fit_without_effects
from bayesmix.engine.plan.shifts import Centered
from bayesmix.errors import SamplingError, did_you_mean, listed
from bayesmix.spec import ModelSpec

CHOICES = ("auto", "centered", "noncentered")
RICH = 2.0
"""The `information` from which on centred effects mix better."""
SWEEPS = 3
TINY = 1e-300


def centered_coefs(
    spec: ModelSpec,
    parametrization: str | Mapping[str, str] = "auto",
    without: str | None = None,
) -> Centered:
    """The effects that are parameters themselves: group and coefficient.

    Parameters
    ----------
    spec : ModelSpec
    parametrization : str or mapping
        One of `CHOICES`, for all groups or by group.
    without : str, optional
        A group whose effects are integrated out.

    Raises
    ------
    SamplingError
        If there is no such choice or group, or a group whose levels aren't alike is to be centred.
    """
    _check_alike(spec, parametrization)
    chosen = _by_group([g.group.name for g in spec.groups], parametrization)
    for g in spec.groups:
        if not g.group.plain:
            chosen[g.group.name] = "noncentered"
    chosen.pop(without, None)
    said = information(spec) if "auto" in chosen.values() else {}
    return frozenset(
        (g.group.name, name)
        for g in spec.groups
        for name in g.names
        if _is_centered(chosen.get(g.group.name), said.get((g.group.name, name), 0.0))
    )


def _check_alike(spec: ModelSpec, parametrization: str | Mapping[str, str]) -> None:
    if isinstance(parametrization, str):
        return
    for g in spec.groups:
        if parametrization.get(g.group.name) == "centered" and not g.group.plain:
            raise SamplingError(
                f"The effects of {g.group.name!r} are sampled noncentered: its levels aren't "
                "alike, or rows have several of them."
            )


def chosen_groups(parametrization: str | Mapping[str, str]) -> frozenset[str]:
    """The groups for which it is said by name how their effects are sampled."""
    if isinstance(parametrization, str):
        return frozenset()
    return frozenset(g for g, choice in parametrization.items() if choice != "auto")


def _is_centered(choice: str | None, said: float) -> bool:
    return choice == "centered" or (choice == "auto" and said > RICH)


def _by_group(names: list[str], parametrization: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(parametrization, str):
        parametrization = dict.fromkeys(names, _checked(parametrization))
    for name, choice in parametrization.items():
        _checked(choice)
        if name not in names:
            raise SamplingError(
                f"parametrization= names the group {name!r}, which the model doesn't have."
                f"{did_you_mean(name, names)} It has {listed(names)}."
            )
    return dict.fromkeys(names, "auto") | dict(parametrization)


def _checked(choice: object) -> str:
    if choice not in CHOICES:
        raise SamplingError(f"parametrization= must be one of {listed(CHOICES)}, not {choice!r}.")
    return choice


def information(spec: ModelSpec) -> dict[tuple[str, str], float]:
    """For each group and coefficient, what rows say about its effects against what siblings do.

    The mean square of the levels' least squares estimates over what the noise of the rows makes of
    it, less one, on the rows' scores. For a normal response and an intercept alone this estimates
    n · sd² / σ², n being the rows of a level.

    Where it is below 1 or so, non-centred effects mix better, above 2 centred ones (around what the
    population says of them). In a simulation of 96 data sets (``benchmarks/centring.py``: 6 to 400
    levels, normal and Bernoulli) the median of the ratio of the least effective sample sizes per
    gradient, centred over non-centred, was 0.07 below 0.5, 0.4 from there to 1.3, 1.2 to 2.5, 3.9
    to 6, 8.5 to 40 and 76 above.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    dict
        By group and coefficient; -1 where the rows can't tell.
    """
    fits = fit_without_effects(spec, build_density(spec, build_layout(spec)))
    return {coef: value for fit in fits for coef, value in _of_response(fit).items()}


def _of_response(fit: RowFit) -> dict[tuple[str, str], float]:
    """What a response's rows say."""
    spec, found = fit.spec, {}
    for target in spec.predictors:
        if target.dpar in spec.family.nonlinear:
            # What it says it says through the predictor that is a function of it.
            continue
        score = fit.scores(target)
        said, explained = _analysis(spec, fit.rates(target), score)
        found |= said
        # What groups say of a mean is not to be taken for what they say of a variance.
        fit = fit.moved(target, explained / max(score @ score / score.size, TINY))
    return found


def _analysis(
    spec: ModelSpec, rates: Rates, score: np.ndarray
) -> tuple[dict[tuple[str, str], float], np.ndarray]:
    """The `information` on one predictor's coefficients, and what they explain of its scores."""
    groups = [WithinLevels(spec, name, rates) for name in groups_of(spec, *rates)]
    fitted = [np.zeros_like(score) for _ in groups]
    for _ in range(SWEEPS):
        for i, group in enumerate(groups):
            fitted[i] = group.fitted(score - sum(fitted) + fitted[i])
    explained = sum(fitted, np.zeros_like(score))
    left = score - explained
    freedom = score.size - sum(int(g.ranks.sum()) for g in groups)
    noise = max(left @ left / freedom, TINY) if freedom > 0 else np.inf
    found: dict[tuple[str, str], float] = {}
    for group, part in zip(groups, fitted, strict=True):
        names = next(g.names for g in spec.groups if g.group.name == group.group)
        said = _ratios(group, group.coefs(left + part)) / noise - 1.0
        for position, value in zip(group.positions, said, strict=True):
            found[group.group, names[position]] = float(value)
    return found, explained


def _ratios(group: WithinLevels, coefs: np.ndarray) -> np.ndarray:
    """Mean squares of coefficients over their variances, from the levels that tell all of them."""
    told = group.ranks == coefs.shape[1]
    if not told.any():
        return np.zeros(coefs.shape[1])
    return (coefs[told] ** 2 / group.variances[told]).mean(axis=0)
