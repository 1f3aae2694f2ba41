"""Hypotheses about parameters: their draws, intervals, evidence and posterior probability."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.effects.arithmetic import computed
from bayesmix.effects.estimates import Estimates
from bayesmix.errors import PredictionError, did_you_mean, listed
from bayesmix.names import Cell, variables
from bayesmix.predict import Draws
from bayesmix.predict.coefficients import of_levels
from bayesmix.spec import ModelSpec
from bayesmix.statistics import is_probability, summarise
from bayesmix.tables import Table

SIGN = re.compile(r"[<>=]")
SCOPES = ("standard", "ranef", "coef")


@dataclass(frozen=True)
class Hypothesis:
    """Left, sign and right; about the difference of both sides."""

    text: str
    left: str
    sign: str
    right: str

    @classmethod
    def of(cls, text: Any) -> Hypothesis:
        """Read it; PredictionError unless there is one sign."""
        if not isinstance(text, str) or len(SIGN.findall(text)) != 1:
            raise PredictionError(
                f"A hypothesis compares two sides by one of '=', '<', '>', as 'Days > 10', "
                f"not {text!r}."
            )
        left, right = SIGN.split(text)
        if not left.strip() or not right.strip():
            raise PredictionError(f"The hypothesis {text!r} has nothing on one side.")
        return cls(text.strip(), left, SIGN.search(text)[0], right)

    @property
    def one_sided(self) -> bool:
        return self.sign != "="

    def values(self, known: Mapping[str, np.ndarray]) -> np.ndarray:
        """Draws of left less right."""
        left, right = (computed(side, known, "coefficient") for side in (self.left, self.right))
        some = next(iter(known.values()))
        return np.broadcast_to(np.asarray(left - right, float), some.shape)


@dataclass(frozen=True, repr=False)
class Hypotheses:
    """Hypotheses with their draws; prints as a table.

    Attributes
    ----------
    estimates : Estimates
        Draws of left less right, a row for each hypothesis (and level).
    hypotheses : tuple of Hypothesis
        Of each row.
    evidence : ndarray
        For and against: of one-sided hypotheses the posterior odds, of others the ratio of the
        densities at zero after and before the data; nan without draws from the prior.
    alpha : float
        One-sided intervals hold 1 - 2 alpha, others 1 - alpha.
    """

    estimates: Estimates
    hypotheses: tuple[Hypothesis, ...]
    evidence: np.ndarray
    alpha: float

    @property
    def draws(self) -> Any:
        """The draws: dims ``sample`` and ``row``."""
        return self.estimates.draws

    @property
    def table(self) -> pd.DataFrame:
        """A row for each; intervals with their level, evidence ratio, posterior probability, star.

        A star says that zero is outside the interval or, one-sided, that the posterior probability
        is above 1 - alpha.
        """
        rows, values = self.estimates.rows, self.estimates.values
        one_sided = np.array([h.one_sided for h in self.hypotheses], bool)
        tail = np.where(one_sided, self.alpha, self.alpha / 2)
        lower = np.array([np.quantile(v, t) for v, t in zip(values.T, tail, strict=True)])
        upper = np.array([np.quantile(v, 1 - t) for v, t in zip(values.T, tail, strict=True)])
        with np.errstate(invalid="ignore"):
            odds = np.where(np.isinf(self.evidence), 1.0, self.evidence / (1 + self.evidence))
        star = np.where(one_sided, odds > 1 - self.alpha, (lower > 0) | (upper < 0))
        numbers = summarise(values, rows.index, (), self.estimates.robust)
        numbers = numbers.assign(
            **{
                "CI.Lower": lower,
                "CI.Upper": upper,
                "Level": [f"{100 * (1 - 2 * t):g}%" for t in tail],
                "Evid.Ratio": self.evidence,
                "Post.Prob": odds,
                "Star": np.where(star, "*", ""),
            }
        )
        return Table(pd.concat([rows, numbers], axis=1))

    def __len__(self) -> int:
        return len(self.hypotheses)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def hypotheses(
    spec: ModelSpec,
    draws: Draws,
    prior: Draws | None,
    texts: Any,
    class_: str | None,
    group: str | None,
    scope: str,
    alpha: float,
    robust: bool,
) -> Hypotheses:
    """See `Fit.hypothesis`."""
    if not is_probability(alpha) or not 0 < alpha < 1:
        raise PredictionError(f"alpha must be between 0 and 1, not {alpha!r}.")
    if scope not in SCOPES:
        raise PredictionError(f"scope must be one of {listed(SCOPES)}, not {scope!r}.")
    asked = [Hypothesis.of(t) for t in ([texts] if isinstance(texts, str) else texts)]
    if not asked:
        raise PredictionError("There is no hypothesis in the list.")
    labels, known = _known(spec, draws, class_, group, scope)
    before = None if prior is None else _known(spec, prior, class_, group, scope)[1]
    rows, values, evidence = [], [], []
    for h in asked:
        after = h.values(known)
        previous = None if before is None else h.values(before)
        for k, label in enumerate(labels):
            rows.append({"Hypothesis": h.text} | ({} if label is None else {group: label}))
            values.append(after[:, k])
            evidence.append(_evidence(h, after[:, k], None if previous is None else previous[:, k]))
    made = Estimates(pd.DataFrame(rows), np.column_stack(values), draws, robust=robust)
    each = tuple(h for h in asked for _ in labels)
    return Hypotheses(made, each, np.array(evidence), float(alpha))


def _evidence(h: Hypothesis, after: np.ndarray, before: np.ndarray | None) -> float:
    if h.one_sided:
        true = (after > 0 if h.sign == ">" else after < 0).sum()
        return float(true / (len(after) - true)) if true < len(after) else np.inf
    if before is None or np.ptp(before) == 0 or np.ptp(after) == 0:
        return np.nan
    return density_at_zero(after) / density_at_zero(before)


def density_at_zero(values: np.ndarray) -> float:
    """The kernel density estimate at 0, bandwidth by Silverman's rule of thumb as in R.

    Its spread is the lesser of sd and quartiles: heavy tails don't flatten it.
    """
    from scipy.stats import gaussian_kde  # here, for it takes long to import

    quartiles = np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.34
    sd = values.std(ddof=1)
    width = 0.9 * min(sd, quartiles or sd) * len(values) ** -0.2
    return float(gaussian_kde(values, width / sd)(0.0)[0])


def _known(
    spec: ModelSpec, draws: Draws, class_: str | None, group: str | None, scope: str
) -> tuple[Sequence[Any], Mapping[str, np.ndarray]]:
    """What hypotheses may name, samples × levels each, and the levels (one, None, if standard)."""
    if scope == "standard":
        return [None], _Named(_prefixed(spec, class_, group), draws)
    names = [g.group.name for g in spec.groups]
    if group not in names:
        raise PredictionError(
            f"scope={scope!r} needs one of the model's groups as group, {listed(names) or 'none'}, "
            f"not {group!r}.{did_you_mean(str(group), names)}"
        )
    g = spec.group(group)
    coefs, values = of_levels(spec, draws, g) if scope == "coef" else (g.names, draws[f"r_{group}"])
    return g.group.levels, {name: values[..., k] for k, name in enumerate(coefs)}


def _prefixed(
    spec: ModelSpec, class_: str | None, group: str | None
) -> dict[str, tuple[str, Cell]]:
    """Cells of the posterior by all names that they may have, without the prefix of the class."""
    if group is not None and group not in [g.group.name for g in spec.groups]:
        names = [g.group.name for g in spec.groups]
        raise PredictionError(
            f"The model has no group {group!r}; it has {listed(names) or 'none'}."
            + did_you_mean(str(group), names)
        )
    prefix = "" if not class_ else f"{class_}_"
    prefix += "" if group is None else f"{group}__"
    found = {
        name.removeprefix(prefix): (v.name, cell)
        for v in variables(spec)
        for cell in v.cells
        for name in cell.names
        if name.startswith(prefix)
    }
    if not found:
        raise PredictionError(
            f"No parameter's name begins with {prefix!r}; class_=None has them all."
        )
    return found


@dataclass(frozen=True)
class _Named(Mapping[str, np.ndarray]):
    """Draws, samples × 1, by the names of their cells."""

    cells: Mapping[str, tuple[str, Cell]]
    draws: Draws

    def __getitem__(self, name: str) -> np.ndarray:
        variable, cell = self.cells[name]
        return self.draws[variable][(slice(None), *cell.positions[0])][:, None]

    def __iter__(self) -> Iterator[str]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)
