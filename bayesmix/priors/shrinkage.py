"""Priors that shrink many parameters together: the regularised horseshoe and R2D2."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, ClassVar

from bayesmix.errors import PriorError
from bayesmix.priors.distributions import Distribution
from bayesmix.priors.rounding import format_number

__all__ = ["R2D2", "SHRINKAGES", "Horseshoe", "Hyper", "Shrinkage"]


@dataclass(frozen=True)
class Hyper:
    """A parameter that a shrinkage prior brings with it.

    Attributes
    ----------
    name : str
        As brms calls it.
    prior : Distribution
    lower, upper : float
        Its range.
    of_each : bool
        Whether there is one for each of the parameters that are shrunk.
    in_units : bool
        Whether its prior is one in units of the residual standard deviation, if that scales.
    """

    name: str
    prior: Distribution
    lower: float = 0.0
    upper: float = math.inf
    of_each: bool = False
    in_units: bool = False


@dataclass(frozen=True)
class Shrinkage:
    """What the shrinkage priors have in common; text and meaning are those of brms.

    Attributes
    ----------
    autoscale : bool
        Whether scales are in units of the residual standard deviation, where there is one.
    main : bool
        Whether its arguments are those of a prior that several classes share.
    given : str
        As the user wrote it.
    """

    given: str = field(default="", compare=False, kw_only=True)

    name: ClassVar[str]
    support: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    proper: ClassVar[bool] = True
    fixed: ClassVar[bool] = False
    of_one: ClassVar[bool] = False
    positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for f in self.arguments():
            _check(self.name, f.name, getattr(self, f.name), f.name in self.positive)

    def __str__(self) -> str:
        """As it was given, or the arguments that differ from the defaults, as R writes them."""
        values = ((f.name, getattr(self, f.name), f.default) for f in self.arguments())
        texts = [f"{name} = {_text(value)}" for name, value, default in values if value != default]
        return self.given or f"{self.name}({', '.join(texts)})"

    @classmethod
    def arguments(cls) -> list[Field]:
        """The arguments in brms's order."""
        return [f for f in fields(cls) if f.name != "given"]

    @property
    def source(self) -> str:
        """The text that makes it again."""
        return str(self)

    def on(self, rows: int) -> Shrinkage:
        """The same with what hangs on the number of rows worked out."""
        return self

    def came_of(self) -> str:
        """What was worked out, in words; empty if nothing was."""
        return ""


@dataclass(frozen=True)
class Horseshoe(Shrinkage):
    """The regularised horseshoe: most parameters near zero, a few as large as the slab allows.

    Parameter k is z · τ · sqrt(c² λ² / (c² + τ² λ²)) with z standard normal, λ (``hs_local``) half
    Student t with `df`, τ (``hs_global``) half Student t with `df_global` and scale `scale_global`,
    and c² = `scale_slab`² · ``hs_slab``, which is inverse gamma (df_slab / 2, df_slab / 2).

    Parameters
    ----------
    df, scale_global, df_global, scale_slab, df_slab : float
    par_ratio : float, optional
        How many of the parameters are expected to be away from zero over how many near it; instead
        of `scale_global`, which is par_ratio / sqrt(rows) then.
    autoscale : bool
        Whether `scale_global` is in units of sigma.
    main : bool
        See `Shrinkage`.

    References
    ----------
    Piironen and Vehtari (2017), Sparsity information and regularization in the horseshoe and other
    shrinkage priors, *Electronic Journal of Statistics* 11(2); brms's ``horseshoe``:
    https://paulbuerkner.com/brms/reference/horseshoe.html

    Examples
    --------
    >>> print(Horseshoe(par_ratio=0.5).on(rows=100).came_of())
    scale_global = 0.05
    """

    df: float = 1.0
    scale_global: float = 1.0
    df_global: float = 1.0
    scale_slab: float = 2.0
    df_slab: float = 4.0
    par_ratio: float | None = None
    autoscale: bool = True
    main: bool = False

    name: ClassVar[str] = "horseshoe"
    positive: ClassVar[tuple[str, ...]] = (
        "df",
        "scale_global",
        "df_global",
        "scale_slab",
        "df_slab",
        "par_ratio",
    )

    def on(self, rows: int) -> Horseshoe:
        if self.par_ratio is None:
            return self
        return replace(self, scale_global=self.par_ratio / math.sqrt(rows))

    def came_of(self) -> str:
        return "" if self.par_ratio is None else f"scale_global = {self.scale_global:.3g}"

    def hypers(self, size: int, concentration: tuple[float, ...]) -> Iterator[Hyper]:
        """The parameters that it brings with it for `size` others."""
        yield Hyper("hs_local", Distribution("student_t", (self.df, 0.0, 1.0)), of_each=True)
        scale = Distribution("student_t", (self.df_global, 0.0, self.scale_global))
        yield Hyper("hs_global", scale, in_units=True)
        yield Hyper("hs_slab", Distribution("inv_gamma", (0.5 * self.df_slab, 0.5 * self.df_slab)))

    def scales(self, values: Mapping[str, Any], unit: Any) -> Any:
        """The scale of each parameter, from the `hypers` (arrays or tensors, the last axis theirs).

        ``hs_global`` is in the units of the parameters already.
        """
        local, slab = values["hs_local"], self.scale_slab**2 * values["hs_slab"][..., None]
        scaled = values["hs_global"][..., None] * local
        return scaled * (slab / (slab + scaled**2)) ** 0.5


@dataclass(frozen=True)
class R2D2(Shrinkage):
    """A prior on R², whose explained variance is shared out among the parameters.

    Parameter k is z · σ · sqrt(φ R² / (1 - R²)) with z standard normal, R² (``R2D2_R2``) beta with
    mean `mean_R2` and precision `prec_R2`, and φ (``R2D2_phi``) Dirichlet with `cons_D2`. A
    standard deviation of group effects is that scale itself.

    Parameters
    ----------
    mean_R2, prec_R2 : float
    cons_D2 : float or tuple of float
        One number, or one for each parameter; lower ones shrink more.
    autoscale : bool
        Whether σ is the residual standard deviation, where there is one; else it is 1.
    main : bool
        See `Shrinkage`.

    References
    ----------
    Zhang, Naughton, Bondell and Reich (2022), Bayesian regression using a prior on the model fit,
    *JASA* 117; Aguilar and Bürkner (2023), Intuitive joint priors for Bayesian linear multilevel
    models, *Electronic Journal of Statistics* 17(1); brms's ``R2D2``:
    https://paulbuerkner.com/brms/reference/R2D2.html

    Examples
    --------
    >>> print(R2D2(0.3, cons_D2=(1.0, 2.0)))
    R2D2(mean_R2 = 0.3, cons_D2 = c(1, 2))
    """

    mean_R2: float = 0.5
    prec_R2: float = 2.0
    cons_D2: float | tuple[float, ...] = 0.5
    autoscale: bool = True
    main: bool = False

    name: ClassVar[str] = "R2D2"
    positive: ClassVar[tuple[str, ...]] = ("mean_R2", "prec_R2", "cons_D2")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.mean_R2 < 1:
            raise PriorError(f"mean_R2 of R2D2() must be below 1, not {self.mean_R2:g}.")

    def hypers(self, size: int, concentration: tuple[float, ...]) -> Iterator[Hyper]:
        """The parameters that it brings with it for `size` others."""
        a, b = self.mean_R2 * self.prec_R2, (1.0 - self.mean_R2) * self.prec_R2
        yield Hyper("R2D2_R2", Distribution("beta", (a, b)), upper=1.0)
        yield Hyper("R2D2_phi", Distribution("dirichlet", concentration), upper=1.0, of_each=True)

    def scales(self, values: Mapping[str, Any], unit: Any) -> Any:
        """The scale of each parameter, from the `hypers`; see `Horseshoe.scales`."""
        r2 = values["R2D2_R2"]
        ratio = (r2 / (1.0 - r2)) ** 0.5 * (1.0 if unit is None else unit)
        return ratio[..., None] * values["R2D2_phi"] ** 0.5


SHRINKAGES: Mapping[str, type[Shrinkage]] = {"horseshoe": Horseshoe, "R2D2": R2D2}
"""By brms's names."""


def _check(prior: str, name: str, value: Any, positive: bool) -> None:
    if not positive:
        if not isinstance(value, bool):
            raise PriorError(f"{name} of {prior}() must be TRUE or FALSE, not {value!r}.")
        return
    if value is None and name == "par_ratio":
        return
    for number in value if isinstance(value, tuple) else (value,):
        real = isinstance(number, int | float) and not isinstance(number, bool)
        if not real or not math.isfinite(number) or number <= 0:
            raise PriorError(f"{name} of {prior}() must be greater than 0, not {number!r}.")


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"c({', '.join(map(format_number, value))})"
    return str(value).upper() if isinstance(value, bool) else format_number(value)
