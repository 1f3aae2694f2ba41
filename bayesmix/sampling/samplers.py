"""The samplers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

from bayesmix.engine import uncovered
from bayesmix.errors import SamplingError, did_you_mean, listed
from bayesmix.sampling.collect import Sampled
from bayesmix.sampling.fused_nuts import sample_fused
from bayesmix.sampling.nutpie_nuts import sample_nutpie
from bayesmix.sampling.pymc_nuts import sample_blackjax, sample_numpyro, sample_pymc
from bayesmix.sampling.settings import Settings
from bayesmix.spec import ModelSpec

if TYPE_CHECKING:
    from bayesmix.model import Model

__all__ = ["AUTO", "SAMPLERS", "Sampler", "find_sampler"]

AUTO = "auto"


@dataclass(frozen=True)
class Sampler:
    """A sampler, and the packages that it needs beyond those that are always installed."""

    sample: Callable[[Model, Settings], Sampled]
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


def find_sampler(name: str, spec: ModelSpec) -> Sampler:
    """The sampler that `Model.fit` calls `name`.

    Parameters
    ----------
    name : str
        ``"auto"`` or one of `SAMPLERS`. The first is the engine where it takes the model, else
        nutpie on the PyMC model.
    spec : ModelSpec

    Raises
    ------
    SamplingError
        If there is none, or its package isn't installed.
    """
    if name == AUTO:
        return SAMPLERS["fused" if uncovered(spec) is None else "nutpie"]
    if not isinstance(name, str) or name not in SAMPLERS:
        raise SamplingError(
            f"There is no sampler {name!r}.{did_you_mean(str(name), SAMPLERS)} "
            f"There is {listed((AUTO, *SAMPLERS))}."
        )
    sampler = SAMPLERS[name]
    if sampler.missing:
        there = [known for known, s in SAMPLERS.items() if not s.missing]
        raise SamplingError(
            f"Sampler {name!r} needs the package {listed(sampler.missing)}, which isn't installed: "
            f"pip install {' '.join(sampler.missing)}. Installed are {listed(there)}."
        )
    return sampler
