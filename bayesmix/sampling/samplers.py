"""The samplers by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from bayesmix.engine import uncovered
from bayesmix.errors import BayesmixWarning, SamplingError, did_you_mean, listed
from bayesmix.sampling.collect import Sampled
from bayesmix.sampling.fused_nuts import sample_fused, unknown_nutpie
from bayesmix.sampling.nutpie_nuts import sample_nutpie
from bayesmix.sampling.problem import Problem
from bayesmix.sampling.pymc_nuts import sample_blackjax, sample_numpyro, sample_pymc
from bayesmix.sampling.settings import Settings

__all__ = ["AUTO", "SAMPLERS", "Sampler", "find_sampler"]

AUTO = "auto"
PACKAGE = str(Path(__file__).parent.parent)


@dataclass(frozen=True)
class Sampler:
    """A sampler, and the packages that it needs beyond those that are always installed."""

    sample: Callable[[Problem, Settings], Sampled]
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        return [name for name in self.needs if find_spec(name) is None]


SAMPLERS: Mapping[str, Sampler] = MappingProxyType(
    {
        "fused": Sampler(sample_fused),
        "nutpie": Sampler(sample_nutpie),
        "pymc": Sampler(sample_pymc),
        "numpyro": Sampler(sample_numpyro, ("numpyro",)),
        "blackjax": Sampler(sample_blackjax, ("blackjax",)),
    }
)
"""Every sampler: the engine's, and those of the PyMC model."""


def find_sampler(name: str, problem: Problem) -> Sampler:
    """The sampler that `Model.fit` calls `name`.

    Parameters
    ----------
    name : str
        ``"auto"`` or one of `SAMPLERS`. The first is the engine where it takes the model, else
        nutpie on the PyMC model.
    problem : Problem

    Raises
    ------
    SamplingError
        If there is none, its package isn't installed, or it is the engine and the user has changed
        the PyMC model.

    Warns
    -----
    BayesmixWarning
        If only an unknown release of nutpie keeps ``"auto"`` from the engine.
    """
    if name == AUTO:
        return _auto(problem)
    if not isinstance(name, str) or name not in SAMPLERS:
        raise SamplingError(
            f"There is no sampler {name!r}.{did_you_mean(str(name), SAMPLERS)} "
            f"There is {listed((AUTO, *SAMPLERS))}."
        )
    if name == "fused":
        _check_fused(problem)
    sampler = SAMPLERS[name]
    if sampler.missing:
        there = [known for known, s in SAMPLERS.items() if not s.missing]
        raise SamplingError(
            f"Sampler {name!r} needs the package {listed(sampler.missing)}, which isn't installed: "
            f"pip install {' '.join(sampler.missing)}. Installed are {listed(there)}."
        )
    return sampler


def _auto(problem: Problem) -> Sampler:
    if problem.changes or uncovered(problem.spec) is not None:
        return SAMPLERS["nutpie"]
    misfit = unknown_nutpie()
    if misfit is None:
        return SAMPLERS["fused"]
    warnings.warn(
        f"{misfit} The model is compiled and sampled through PyMC, which takes longer. Install "
        "a version of nutpie that this package is made for: pip install --upgrade bayesmix.",
        BayesmixWarning,
        skip_file_prefixes=(PACKAGE,),
    )
    return SAMPLERS["nutpie"]


def _check_fused(problem: Problem) -> None:
    if problem.changes:
        raise SamplingError(
            f"model.pymc was changed ({'; '.join(problem.changes)}), and the fused engine knows "
            "only the model as it was built. Use sampler='auto' or 'nutpie'."
        )
    misfit = unknown_nutpie()
    if misfit is not None:
        raise SamplingError(f"{misfit} Use sampler='nutpie'.")
