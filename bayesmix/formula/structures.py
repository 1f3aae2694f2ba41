"""How the coefficients of one level covary: what ``gr(g, str=)`` may say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Structure:
    """A structure of the covariances between the coefficients of a level.

    Attributes
    ----------
    name : str
        As formulas write it.
    correlations : str
        ``"free"``: each its own; ``"common"``: one for all pairs; ``"none"``.
    own_sd : bool
        Whether each coefficient has a standard deviation that is a parameter; else they are 1.
    """

    name: str
    correlations: str
    own_sd: bool = True

    @property
    def correlated(self) -> bool:
        return self.correlations != "none"


UNSTRUCTURED = Structure("us", "free")
DIAGONAL = Structure("idh", "none")

STRUCTURES = {
    s.name: s
    for s in (
        UNSTRUCTURED,
        DIAGONAL,
        Structure("corh", "common"),
        Structure("cor", "free", own_sd=False),
    )
}
"""By name: ``us`` is ``|``, ``idh`` is ``||``."""
