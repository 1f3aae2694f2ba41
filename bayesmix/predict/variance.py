"""The variance of a response by its source: groups, and what is left, on the scale of the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from bayesmix.design import Columns, GroupEffects
from bayesmix.design.contributions import Offset
from bayesmix.design.drawn import DrawnColumns
from bayesmix.design.groups import member_of
from bayesmix.errors import PredictionError
from bayesmix.parameters import MAIN, Target
from bayesmix.predict.draws import Draws
from bayesmix.predict.effects import NA
from bayesmix.predict.request import Request
from bayesmix.predict.response import Prediction
from bayesmix.predict.rows import Rows, rows_of
from bayesmix.predict.standard import covariance
from bayesmix.spec import ModelSpec

Array = np.ndarray


@dataclass(frozen=True)
class Variance:
    """Sources of the variance of the main predictor, averaged over some rows.

    Attributes
    ----------
    spec : ModelSpec
    draws : Draws
    newdata : DataFrame or None
        The rows; those of the fit by default.
    """

    spec: ModelSpec
    draws: Draws
    newdata: Any = None

    @cached_property
    def between(self) -> dict[str, Array]:
        """Of each group's effects, averaged over the rows: a value a draw."""
        target = Target(self.spec.response.name, MAIN)
        clusters = None if not self.spec.design.groups else "population"
        rows = rows_of(self.spec, Request(self.newdata, clusters=clusters), [target])
        effects = rows.integrated.get(target, ())
        names = dict.fromkeys(c.group for c in effects)
        return {
            name: self._of_group(name, [c for c in effects if c.group == name], rows)
            for name in names
        }

    @cached_property
    def residual(self) -> Array | None:
        """What is left within clusters; None for families whose latent residual isn't known.

        References
        ----------
        S. Nakagawa, P. C. D. Johnson, H. Schielzeth (2017). The coefficient of determination R²
        and intra-class correlation coefficient from generalized linear mixed-effects models
        revisited and expanded. Journal of the Royal Society Interface 14.
        """
        family = self.spec.family
        if family.main_outcome is not None or family.nonlinear:
            return None
        known = RESIDUAL.get((family.name, family.eta_link(MAIN)))
        if known is None:
            known = RESIDUAL.get((family.name, family.dpar(MAIN).link))
        return None if known is None else np.broadcast_to(known(self), len(self.draws))

    @property
    def shares(self) -> dict[str, Array] | None:
        """Of the total, by group, and ``"residual__"``; nan in draws where that is infinite."""
        if self.residual is None:
            return None
        parts = {**self.between, "residual__": self.residual}
        total = sum(parts.values())
        total = np.where(np.isfinite(total), total, np.nan)
        return {name: values / total for name, values in parts.items()}

    @property
    def mean(self) -> Array:
        """The expected response of the population at the mean linear predictor, with a log link.

        Counts vary by it.
        """
        target = Target(self.spec.response.name, MAIN)
        rows = rows_of(self.spec, Request(self.newdata, NA), [target])
        eta = np.zeros(len(self.draws))
        for c in rows.predictors[target]:
            if isinstance(c, Columns) and c.names:
                eta = eta + self.draws[c.variable] @ c.values.mean(axis=0)
            elif isinstance(c, DrawnColumns):
                added = np.zeros((len(self.draws), self._rows))
                c.add_to(added, self.draws, slice(None))
                eta = eta + added.mean(axis=1)
            elif isinstance(c, Offset) and c.quantities:
                eta = eta + c.values.mean()
        return np.exp(eta + sum(self.between.values()) / 2)

    def dpar(self, name: str) -> Array:
        """A parameter, averaged over the rows if it has a formula."""
        d = self.spec.family.dpar(name)
        if d.fixed is not None and name not in self.spec.response.predictors:
            return np.full(len(self.draws), d.fixed)
        name = d.same_as or name
        if name not in self.spec.response.predictors:
            return self.draws[self.spec.response.variable(name)]
        request = Request(self.newdata, clusters="average", dpar=name)
        return (
            Prediction.of(self.spec, self.draws, request)
            .epred()
            .means(np.zeros(self._rows, int), 1)[0, :, 0]
        )

    @property
    def _rows(self) -> int:
        return len(self.spec.design.frame if self.newdata is None else self.newdata)

    def _of_group(self, name: str, effects: list[GroupEffects], rows: Rows) -> Array:
        """Sum over coefficients of their covariance times the mean product of their columns."""
        g, total = self.spec.group(name), np.zeros(len(self.draws))
        cov = covariance(g, self.draws)
        strata, together = rows.strata.get(name), rows.together.get(name)
        columns = [
            (position, c.column(k, self.draws, slice(None)), c.member)
            for c in effects
            for k, position in enumerate(c.positions)
        ]
        for (k, x, a), (m, z, b) in product(columns, columns):
            both = x * z if together is None else x * z * together[:, a, b]
            if strata is None:
                total += cov[:, k, m] * both.mean(axis=-1)
            else:
                of_rows = np.eye(cov.shape[1])[member_of(strata, a)]
                total += (cov[:, :, k, m] * (both @ of_rows / len(of_rows))).sum(axis=1)
        return total


def _sigma2(v: Variance) -> Array:
    """With known standard errors that of the measurements too."""
    errors = v.spec.response.data.aux.get("se", np.zeros(1))
    return v.dpar("sigma") ** 2 + (errors**2).mean()


def _student(v: Variance) -> Array:
    nu = v.dpar("nu")
    with np.errstate(all="ignore"):
        return np.where(nu > 2, _sigma2(v) * nu / (nu - 2), np.inf)


def _negbinomial(v: Variance) -> Array:
    return np.log1p(1 / v.mean + 1 / v.dpar("shape"))


def _constant(value: float) -> Callable[[Variance], float]:
    return lambda v: value


LOGISTIC, GUMBEL = _constant(np.pi**2 / 3), _constant(np.pi**2 / 6)

RESIDUAL: Mapping[tuple[str, str], Callable[[Variance], Array | float]] = {
    ("gaussian", "identity"): _sigma2,
    ("student", "identity"): _student,
    ("lognormal", "identity"): _sigma2,
    ("poisson", "log"): lambda v: np.log1p(1 / v.mean),
    ("poisson", "sqrt"): _constant(0.25),
    ("negbinomial", "log"): _negbinomial,
    ("Gamma", "log"): lambda v: np.log1p(1 / v.dpar("shape")),
    **{
        (name, link): value
        for name in ("bernoulli", "binomial", "cumulative")
        for link, value in {
            "logit": LOGISTIC,
            "probit": _constant(1.0),
            "cloglog": GUMBEL,
            "loglog": GUMBEL,
        }.items()
    },
}
"""The variance of the latent response around its predictor, by family and link."""


def check_residual(spec: ModelSpec, variance: Variance) -> None:
    """PredictionError where shares aren't defined."""
    if spec.family.nonlinear:
        raise PredictionError(
            "The variance of a nonlinear predictor isn't a sum of variances between groups."
        )
    if variance.residual is None:
        known = sorted({f"{name} ({link})" for name, link in RESIDUAL})
        link = spec.family.dpar(spec.family.main[0]).link
        raise PredictionError(
            f"The residual variance of family {spec.family.name!r} with the link {link!r} isn't "
            f"known on the latent scale; it is for {', '.join(known)}."
        )
