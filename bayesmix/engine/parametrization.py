"""Centred or not: whether a group's effects or their standardised values are the parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayesmix.engine.density import build_density
from bayesmix.engine.layout import build_layout
from bayesmix.engine.levels import WithinLevels, groups_of
from bayesmix.engine.scores import row_scores
from bayesmix.errors import SamplingError, did_you_mean, listed
from bayesmix.spec import ModelSpec

CHOICES = ("auto", "centered", "noncentered")
RICH = 3.0
"""The `information` from which on centred effects mix better."""
SWEEPS = 3
TINY = 1e-300


def centered_groups(
    spec: ModelSpec,
    parametrization: str | Mapping[str, str] = "auto",
    without: str | None = None,
) -> frozenset[str]:
    """The groups whose effects are parameters themselves.

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
        If there is no such choice or group.
    """
    chosen = _by_group([g.group.name for g in spec.groups], parametrization)
    chosen.pop(without, None)
    centered = {name for name, choice in chosen.items() if choice == "centered"}
    undecided = {name for name, choice in chosen.items() if choice == "auto"}
    if undecided:
        said = information(spec)
        centered |= {name for name in undecided if said[name] > RICH}
    return frozenset(centered)


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


def information(spec: ModelSpec) -> dict[str, float]:
    """For each group, what its rows say about its effects against what its prior says.

    The F statistic of the group's terms on the rows' scores, less one. For a normal response and
    an intercept this estimates n · sd² / σ², n being the rows of a level: above 1 the data know
    more about a level's effect than its siblings do.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    dict of str to float
    """
    scores = row_scores(spec, build_density(spec, build_layout(spec)))
    explained = {g.group.name: 0.0 for g in spec.groups}
    freedom = dict.fromkeys(explained, 0)
    for dpar, score in scores.items():
        for name, (part, rank) in _analysis(spec, dpar, score).items():
            explained[name] += part
            freedom[name] += rank
    return {name: explained[name] / max(freedom[name], 1) - 1.0 for name in explained}


def _analysis(spec: ModelSpec, dpar: str, score: np.ndarray) -> dict[str, tuple[float, int]]:
    """Of each group: its sum of squares over the mean square that is left, and its rank."""
    terms = {name: WithinLevels(spec, dpar, name) for name in groups_of(spec, dpar)}
    fitted = dict.fromkeys(terms, 0.0 * score)
    for _ in range(SWEEPS):
        for name, term in terms.items():
            rest = score - sum(fitted.values()) + fitted[name]
            fitted[name] = term.fitted(rest)
    left = score - sum(fitted.values())
    freedom = score.size - sum(t.rank for t in terms.values())
    noise = left @ left / freedom if freedom > 0 else np.inf
    return {n: (fitted[n] @ fitted[n] / max(noise, TINY), t.rank) for n, t in terms.items()}
