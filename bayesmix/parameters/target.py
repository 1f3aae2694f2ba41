"""What a predictor is for: a distributional parameter of a response."""

from __future__ import annotations

from typing import NamedTuple

MAIN = "mu"
"""The parameter that the main formula predicts, which names leave out."""
SPECIFIC = "cs"
"""What category-specific predictors are called, with a number."""


class Target(NamedTuple):
    """A response and one of its distributional parameters; predictors are known by it.

    Attributes
    ----------
    resp : str
        The response; ``""`` where the model has only one.
    dpar : str

    Examples
    --------
    >>> [Target("", dpar).variable for dpar in ("mu", "sigma")]
    ['b', 'b_sigma']
    >>> Target("y1", "sigma").prefix
    'sigma_y1_'
    """

    resp: str
    dpar: str

    @property
    def is_main(self) -> bool:
        return self.dpar == MAIN

    @property
    def category(self) -> str:
        """Of the category-specific predictor ``cs2`` its number; else nothing."""
        number = self.dpar.removeprefix(SPECIFIC)
        return number if number != self.dpar and number.isdigit() else ""

    def named(self, coef: str) -> str:
        """One of its coefficients among those of all predictors: ``sigma_x``, ``x[2]``."""
        if not self.category:
            return self.prefix + coef
        return f"{self._replace(dpar=MAIN).prefix}{coef}[{self.category}]"

    def called(self, what: str) -> str:
        """A variable of its own: ``sdcar``, ``sdcar_sigma``, ``ar_y1``."""
        return f"{what}_{self.label}" if self.label else what

    @property
    def label(self) -> str:
        """What tells its names from those of the main predictor."""
        return "_".join(filter(None, ("" if self.is_main else self.dpar, self.resp)))

    @property
    def prefix(self) -> str:
        """What its coefficients' names begin with."""
        return f"{self.label}_" if self.label else ""

    @property
    def variable(self) -> str:
        """The variable of its population coefficients."""
        return self.called("b")

    @property
    def smooth(self) -> str:
        """The variable of its smooths' coefficients."""
        return self.called("s")

    @property
    def dim(self) -> str:
        """The dimension of its population coefficients."""
        return f"{self.prefix}coef"
