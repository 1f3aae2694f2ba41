"""Centred or not: whether a group's effects or their standardised values are the parameters."""

from __future__ import annotations

from collections.abc import Mapping

from bayesmix.errors import SamplingError, did_you_mean, listed
from bayesmix.spec import ModelSpec

CHOICES = ("auto", "centered", "noncentered")


def centered_groups(
    spec: ModelSpec, parametrization: str | Mapping[str, str] = "auto"
) -> frozenset[str]:
    """The groups whose effects are parameters themselves.

    Parameters
    ----------
    spec : ModelSpec
    parametrization : str or mapping
        One of `CHOICES`, for all groups or by group.

    Raises
    ------
    SamplingError
        If there is no such choice or group.
    """
    names = [g.group.name for g in spec.groups]
    chosen = _by_group(names, parametrization)
    return frozenset(n for n in names if chosen[n] == "centered" or _is_auto(spec, n, chosen[n]))


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


def _is_auto(spec: ModelSpec, name: str, choice: str) -> bool:
    return False
