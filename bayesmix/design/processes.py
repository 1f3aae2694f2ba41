"""Gaussian processes: functions of covariates, exact or of basis functions, on rows of data.

Sources: brms's ``gp``; Riutort-Mayol, G. et al. (2023), Practical Hilbert space approximate
Bayesian Gaussian processes for probabilistic programming, Statistics and Computing 33.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.correlations.kernels import correlation, spectral_density
from bayesmix.design.columns import Use, uses_of
from bayesmix.design.contributions import Values
from bayesmix.design.factors import On, Quantity, is_factor, make_quantity
from bayesmix.design.length_scales import distances, usual_scale
from bayesmix.design.multipliers import Multiplier, multipliers
from bayesmix.errors import FormulaError
from bayesmix.formula.tree import GpTerm, Predictor, render
from bayesmix.parameters import Parameter, Role, Slot, Target, Transform

VARIABLES = ("sdgp", "lscale", "zgp")
"""What brms calls standard deviations, length scales, and the standard normal numbers."""
NUGGET = 1e-12
"""What is added to variances, so that close places leave a covariance matrix one."""
TINY = 1e-18
"""Added to squared distances of nothing, whose root has no slope."""


@dataclass(frozen=True)
class Basis:
    """Functions that an approximate process is a sum of.

    Attributes
    ----------
    centre : ndarray
        What is subtracted from each covariate.
    boundary : ndarray
        Of each covariate, where all functions are zero.
    frequencies : ndarray
        Functions × covariates.
    """

    centre: np.ndarray
    boundary: np.ndarray
    frequencies: np.ndarray

    @classmethod
    def of(cls, places: np.ndarray, term: GpTerm) -> Basis:
        """The functions for the places of the fit.

        The boundary of all covariates hangs on the widest, as in brms.
        """
        centre = places.mean(axis=0)
        boundary = np.array(term.reach) * max(1.0, float(np.ptp(places - centre)))
        orders = list(product(range(1, term.k + 1), repeat=places.shape[1]))
        # The first covariate's order runs fastest, as in brms.
        numbers = np.array(orders)[:, ::-1]
        return cls(centre, boundary, numbers * np.pi / (2 * boundary))

    def at(self, places: np.ndarray) -> np.ndarray:
        """Places × functions."""
        inside = places - self.centre + self.boundary
        waves = np.sin(inside[:, None, :] * self.frequencies) / np.sqrt(self.boundary)
        return waves.prod(axis=2)


@dataclass(frozen=True)
class Process:
    """One function drawn from a Gaussian process.

    Attributes
    ----------
    term : GpTerm
    label : str
        ``gp(x)``, ``gp(x):f[a]``, ``gp(x):w``.
    coef : str
        What brms's priors call it.
    quantities : tuple of Quantity
        The covariates.
    by : Multiplier or None
        What it is multiplied by.
    unit : float
        What the covariates are divided by.
    places : ndarray
        Those of the fit, places × covariates.
    basis : Basis or None
        None if it is exact.
    codes : ndarray of int
        The place of each row among those of the fit and then `new`; any where it doesn't count.
    new : ndarray
        Places that the fit hasn't.
    values : ndarray
        Of an approximate one its basis functions on the rows, multiplied; else the multiplier.
    """

    term: GpTerm
    label: str
    coef: str
    quantities: tuple[Quantity, ...]
    by: Multiplier | None
    unit: float
    places: np.ndarray
    basis: Basis | None
    codes: np.ndarray
    new: np.ndarray
    values: np.ndarray

    @property
    def size(self) -> int:
        """How many standard normal numbers it is made of."""
        return len(self.places if self.basis is None else self.basis.frequencies)

    @property
    def several(self) -> bool:
        """Whether each covariate has a length scale of its own."""
        return not self.term.iso and len(self.quantities) > 1

    @property
    def scales(self) -> tuple[tuple[str, str, str], ...]:
        """Label, brms's name and default prior of each length scale; looks at all places."""
        if not self.several:
            return ((self.label, self.coef, usual_scale(self.places)),)
        texts = [render(e) for e in self.term.covariates]
        return tuple(
            (f"{self.label}[{t}]", self.coef + _letters(t), usual_scale(self.places[:, [i]]))
            for i, t in enumerate(texts)
        )

    def on(self, frame: pd.DataFrame) -> Process:
        """The same on other, already checked, rows."""
        multiplier, places = _multiplied(self.by, frame), self._located(frame)
        if self.basis is not None:
            codes = np.zeros(len(frame), np.int64)
            return replace(self, codes=codes, values=self.basis.at(places) * multiplier[:, None])
        counts = multiplier != 0
        known = len(self.places)
        together = np.vstack([self.places, places[counts]])
        _, first, inverse = np.unique(together, axis=0, return_index=True, return_inverse=True)
        found = first[inverse.reshape(-1)][known:]
        new = np.unique(found[found >= known])
        codes = np.zeros(len(frame), np.int64)
        codes[counts] = np.where(found < known, found, known + np.searchsorted(new, found))
        return replace(self, codes=codes, new=together[new], values=multiplier)

    def _located(self, frame: pd.DataFrame) -> np.ndarray:
        return _raw(self.quantities, frame) / self.unit

    def covariance(self, a: np.ndarray, b: np.ndarray, sd: Any, lscale: Any, m: Any) -> Any:
        """Of places of one kind with those of another, from one draw's parameters."""
        apart = [a[:, None, k] - b[None, :, k] for k in range(a.shape[1])]
        if not self.several:
            distance = np.sqrt(sum(d**2 for d in apart)) / lscale[0]
        else:
            nothing = TINY * np.all(np.stack(apart) == 0, axis=0)
            distance = m.sqrt(sum((d / lscale[k]) ** 2 for k, d in enumerate(apart)) + nothing)
        return sd**2 * correlation(self.term.kernel, distance, m)

    @property
    def squares(self) -> np.ndarray:
        """Squared distances, length scales × places × places."""
        apart = (self.places[:, None] - self.places) ** 2
        return np.moveaxis(apart, -1, 0) if self.several else apart.sum(axis=-1)[None]

    def weights(self, sd: Any, lscale: Any, m: Any) -> Any:
        """What the standard normal numbers of an approximate process are multiplied by.

        Length scales come first in `lscale`; of many draws, with their dimension after it.
        """
        omega, dims = self.basis.frequencies.T, len(self.quantities)
        each = [lscale[k if self.several else 0] for k in range(dims)]
        squares = sum((scale[..., None] * w) ** 2 for scale, w in zip(each, omega, strict=True))
        volume = each[0]
        for scale in each[1:]:
            volume = volume * scale
        density = spectral_density(self.term.kernel, squares, volume[..., None], dims, m)
        return sd[..., None] * m.sqrt(density)


@dataclass(frozen=True)
class Processes:
    """The Gaussian processes of a predictor.

    Attributes
    ----------
    target : Target
    processes : tuple of Process
    """

    target: Target
    processes: tuple[Process, ...]

    def named(self, what: str) -> str:
        """A variable of the posterior."""
        return self.target.called(what)

    @cached_property
    def parts(self) -> tuple[tuple[slice, slice], ...]:
        """For each process where its length scales and its numbers are."""
        found, scales, numbers = [], 0, 0
        for p in self.processes:
            ends = scales + (len(p.quantities) if p.several else 1), numbers + p.size
            found.append((slice(scales, ends[0]), slice(numbers, ends[1])))
            scales, numbers = ends
        return tuple(found)

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Standard deviations, length scales, and what the functions are made of."""
        t, prefix = self.target, self.target.prefix
        labels = tuple(p.label for p in self.processes)
        slots = tuple(Slot("sdgp", t.dpar, "", p.coef) for p in self.processes)
        axes = (f"{prefix}gp",), (labels,)
        yield Parameter(self.named("sdgp"), Role.PROCESS_SCALE, t, *axes, slots)
        scales = [s for p in self.processes for s in p.scales]
        slots = tuple(Slot("lscale", t.dpar, "", coef, default=prior) for _, coef, prior in scales)
        axes = (f"{prefix}gp_scale",), (tuple(label for label, _, _ in scales),)
        yield Parameter(self.named("lscale"), Role.PROCESS_SCALE, t, *axes, slots)
        numbers = tuple(f"{p.label}[{i + 1}]" for p in self.processes for i in range(p.size))
        axes, made = ((f"{prefix}gp_number",), (numbers,)), Transform.STANDARDISED
        yield Parameter(self.named("zgp"), Role.PROCESS, t, *axes, transform=made)

    @property
    def values(self) -> np.ndarray:
        """Rows × what the data say of each function there: its place or its basis, times `by`."""
        columns = (np.column_stack([p.codes, p.values]) for p in self.processes)
        return np.hstack(list(columns))

    def uses(self, source: str) -> list[Use]:
        return uses_of((e for p in self.processes for e in p.term.columns), source)

    def on(self, frame: pd.DataFrame) -> Processes:
        return replace(self, processes=tuple(p.on(frame) for p in self.processes))

    def add_to(self, eta: np.ndarray, values: Values, rows: slice) -> None:
        sd, lscale, z = (values[self.named(what)] for what in VARIABLES)
        for i, (p, (scales, numbers)) in enumerate(zip(self.processes, self.parts, strict=True)):
            given = sd[:, i], lscale[:, scales], z[:, numbers]
            if p.basis is not None:
                weights = p.weights(given[0], given[1].T, np) * given[2]
                eta += weights @ p.values[rows].T
                continue
            name = f"{self.target.prefix}{p.label}"
            function = values.once(name, lambda normal, p=p, given=given: _drawn(p, given, normal))
            eta += function[:, p.codes[rows]] * p.values[rows]


def values_at(c: Processes, drawn: Mapping[str, np.ndarray]) -> Iterator[np.ndarray | None]:
    """The values of each exact process at the places of the fit, by one draw; None of others."""
    sd, lscale, z = (drawn[c.named(what)] for what in VARIABLES)
    for i, (p, (scales, numbers)) in enumerate(zip(c.processes, c.parts, strict=True)):
        given = sd[:, i], lscale[:, scales], z[:, numbers]
        known = replace(p, new=np.empty((0, p.places.shape[1])))
        yield _drawn(known, given, None)[0] if p.basis is None else None


def _drawn(p: Process, given: tuple[np.ndarray, ...], normal: Any) -> np.ndarray:
    """The function at the places of the fit and new ones, samples × places.

    At new places it is drawn, given what it is at those of the fit, at all of them together.
    """
    from scipy.linalg import solve_triangular

    known, new = p.places, p.new
    sd, lscale, z = given
    found = np.empty((len(z), len(known) + len(new)))
    fresh = normal(len(new)) if len(new) else None
    for s in range(len(z)):
        here = p.covariance(known, known, sd[s], lscale[s], np)
        root = np.linalg.cholesky(here + NUGGET * np.eye(len(known)))
        found[s, : len(known)] = root @ z[s]
        if fresh is None:
            continue
        across = solve_triangular(root, p.covariance(known, new, sd[s], lscale[s], np), lower=True)
        left = p.covariance(new, new, sd[s], lscale[s], np) - across.T @ across
        found[s, len(known) :] = across.T @ z[s] + _root(left) @ fresh[s]
    return found


def _root(covariance: np.ndarray) -> np.ndarray:
    """A root of a matrix that rounding may have left with eigenvalues a little below zero."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def build_processes(predictor: Predictor, target: Target, on: On) -> tuple[Processes, ...]:
    """The Gaussian processes of a predictor together, or nothing.

    Raises
    ------
    FormulaError
        If a covariate is no number, or has only one value.
    """
    found = tuple(p for term in predictor.processes for p in _processes(term, on))
    _check_labels(found, on[2])
    return (Processes(target, found),) if found else ()


def _check_labels(found: tuple[Process, ...], source: str) -> None:
    known: set[str] = set()
    for p in found:
        if p.coef in known:
            raise FormulaError(f"{p.label} is there twice.", source, p.term.span)
        known.add(p.coef)


def _processes(term: GpTerm, on: On) -> Iterator[Process]:
    quantities = tuple(make_quantity(e, *on) for e in term.covariates)
    head = "gp" + "".join(_letters(render(e)) for e in term.covariates)
    for by, end in _by(term, on):
        label = term.label if by is None else f"{term.label}:{by.label}"
        yield _made(term, label, head + end, quantities, by, on)


def _made(
    term: GpTerm,
    label: str,
    coef: str,
    quantities: tuple[Quantity, ...],
    by: Multiplier | None,
    on: On,
) -> Process:
    frame, _, source = on
    factor = by is not None and by.quantity is None
    counts = _multiplied(by, frame) != 0 if factor else np.ones(len(frame), bool)
    raw = _raw(quantities, frame)[counts]
    if term.gr and len(raw):
        _, first = np.unique(raw, axis=0, return_index=True)
        raw = raw[np.sort(first)]
    if len(np.unique(raw, axis=0)) < 2:
        raise FormulaError(
            f"The covariates of {label} have only one value.",
            source,
            term.span,
            hint="Leave the term out.",
        )
    unit = distances(raw)[1] if term.scale else 1.0
    places = raw / unit
    basis = None if term.k is None else Basis.of(places, term)
    nothing = np.empty((0, places.shape[1]))
    blank = np.zeros(len(frame), np.int64), nothing, np.zeros(len(frame))
    made = Process(term, label, coef, quantities, by, unit, places, basis, *blank)
    if basis is None and not term.gr:
        codes = np.zeros(len(frame), np.int64)
        codes[counts] = np.arange(len(places))
        return replace(made, codes=codes, values=_multiplied(by, frame))
    return made.on(frame)


def _raw(quantities: tuple[Quantity, ...], frame: pd.DataFrame) -> np.ndarray:
    return np.stack([q.on(frame) for q in quantities], axis=1)


def _multiplied(by: Multiplier | None, frame: pd.DataFrame) -> np.ndarray:
    return np.ones(len(frame)) if by is None else by.on(frame)


def _by(term: GpTerm, on: On) -> Iterator[tuple[Multiplier | None, str]]:
    """What ``by=`` stands for, and what brms calls it."""
    if term.by is None:
        yield None, ""
        return
    head, first = _letters(render(term.by)), not term.cmc and is_factor(term.by, on[0])
    if first:
        yield None, f"{head}Intercept"
    for m in multipliers(term.by, on, skipped=int(first)):
        yield m, head + ("" if m.quantity else _letters(str(m.level)))


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)
