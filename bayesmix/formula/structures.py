"""How the coefficients of one level covary: what ``gr(g, str=)`` may say."""

from __future__ import annotations

from dataclasses import dataclass

from bayesmix.errors import FormulaError, listed


@dataclass(frozen=True)
class Structure:
    """A structure of the covariances between the coefficients of a level.

    Attributes
    ----------
    name : str
        As formulas write it.
    correlations : str
        ``"free"``: each its own; ``"common"``: one for all pairs; ``"ar1"``: one to the power of
        how many steps apart; ``"toeplitz"``: one for each number of steps; ``"none"``.
    sds : str
        Standard deviations: ``"own"`` ones of each coefficient, ``"one"`` for all of the bracket,
        or ``"unit"`` ones, which are no parameters.
    """

    name: str
    correlations: str
    sds: str = "own"

    @property
    def correlated(self) -> bool:
        return self.correlations != "none"

    @property
    def own_sd(self) -> bool:
        """Whether standard deviations are parameters."""
        return self.sds != "unit"

    @property
    def ordered(self) -> bool:
        """Whether it hangs on the order of the coefficients."""
        return self.correlations in ("ar1", "toeplitz")

    @property
    def closed(self) -> bool:
        """Whether it is one of the levels of a factor, which no other coefficients join."""
        return self.ordered or self.sds == "one"


UNSTRUCTURED = Structure("us", "free")
DIAGONAL = Structure("idh", "none")
COMMON = Structure("corh", "common")

STRUCTURES = {
    **{
        s.name: s
        for s in (
            UNSTRUCTURED,
            DIAGONAL,
            COMMON,
            Structure("cor", "free", sds="unit"),
            Structure("homdiag", "none", sds="one"),
            Structure("homcs", "common", sds="one"),
            Structure("ar1", "ar1", sds="one"),
            Structure("hetar1", "ar1"),
            Structure("toep", "toeplitz"),
            Structure("homtoep", "toeplitz", sds="one"),
        )
    },
    "diag": DIAGONAL,
    "cs": COMMON,
}
"""By name: ``us`` is ``|``, ``idh`` is ``||``. The last two are glmmTMB's names of those."""

ELSEWHERE = ("ou", "exp", "gau", "mat", "rr", "propto", "equalto")
"""Structures of glmmTMB that aren't here."""

CALLS = frozenset({*STRUCTURES, *ELSEWHERE})
"""What glmmTMB calls with a bar inside: ``ar1(0 + time | g)``."""


def as_a_call(name: str, span: tuple[int, int]) -> FormulaError:
    """The error for glmmTMB's spelling."""
    if name in STRUCTURES:
        return FormulaError(
            f"{name}(… | g) is glmmTMB's spelling; here the grouping factor says the structure.",
            span=span,
            hint=f"Write '(0 + time | gr(g, str=\"{name}\"))'.",
        )
    return FormulaError(
        f"glmmTMB's structure {name}(… | g) isn't here.",
        span=span,
        hint=f"gr(g, str=) takes {listed(STRUCTURES)}.",
    )
