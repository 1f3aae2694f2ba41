"""The whole design: every predictor's matrices, the groups, the spine and the response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.design.calls import check_functions
from bayesmix.design.columns import columns_of, may_miss, plain_uses
from bayesmix.design.contributions import (
    Columns,
    Contribution,
    GroupEffects,
    Offset,
    Smooths,
    only,
)
from bayesmix.design.drawn import DrawnColumns, build_drawn, levels_drawn, with_levels
from bayesmix.design.factors import make_quantity
from bayesmix.design.frames import Frames, training_frames
from bayesmix.design.groups import (
    Group,
    build_group,
    build_memberships,
    label_of,
    prior_weights,
)
from bayesmix.design.imputed import build_imputed, check_calls
from bayesmix.design.known import build_known
from bayesmix.design.latent import LatentResiduals
from bayesmix.design.matrix import INTERCEPT, CodedTerm, Matrix, build_matrix
from bayesmix.design.measured import Measured, TrueValues, build_measured
from bayesmix.design.memberships import matrices_of, weights_of
from bayesmix.design.nonlinear import Expression, build_expression, check_nonlinear
from bayesmix.design.processes import Processes, build_processes
from bayesmix.design.regions import Regions, build_regions
from bayesmix.design.residuals import Kind, Residuals, build_residuals
from bayesmix.design.response import ResponseData, build_response, response_columns
from bayesmix.design.sar import check_sar
from bayesmix.design.smooths import SmoothColumns, build_smooths
from bayesmix.design.specific import apart, specified
from bayesmix.design.spine import GroupCoef, Spine
from bayesmix.design.taken import check_dims, check_prefixes, check_response, variables_of
from bayesmix.design.variances import VarianceFunction, variance_functions
from bayesmix.errors import FormulaError
from bayesmix.formula.agreement import Key
from bayesmix.formula.drawn import parted, reads_of
from bayesmix.formula.memberships import covariates, members_of
from bayesmix.formula.multivariate import MvFormula, formulas_of, names_of
from bayesmix.formula.tree import (
    Expr,
    Formula,
    Grouping,
    GroupTerm,
    Literal,
    Name,
    Predictor,
    render,
)
from bayesmix.parameters import MAIN, Target

if TYPE_CHECKING:
    from bayesmix.families import Family


@dataclass(frozen=True)
class PredictorDesign:
    """The linear predictor of one distributional parameter on data.

    Attributes
    ----------
    target : Target
    predictor : Predictor
    contributions : tuple of Contribution
        What it is the sum of.
    residuals : Residuals or None
        How the residuals of rows hang together, if they do.
    """

    target: Target
    predictor: Predictor
    contributions: tuple[Contribution, ...]
    residuals: Residuals | None = None

    @property
    def dpar(self) -> str:
        return self.target.dpar

    @property
    def columns(self) -> Columns:
        """The population's, of which there may be none."""
        return only(Columns, self.contributions)[0]

    @property
    def groups(self) -> tuple[GroupEffects, ...]:
        return only(GroupEffects, self.contributions)

    @property
    def variances(self) -> tuple[VarianceFunction, ...]:
        return only(VarianceFunction, self.contributions)

    @property
    def centres(self) -> dict[str, np.ndarray]:
        """By variable what variance functions add to the intercept at their usual values.

        Nothing where there is no intercept.
        """
        return {v.rate: v.centres for v in self.variances if self.columns.has_intercept}

    def centred(self, values: Mapping[str, np.ndarray]) -> np.ndarray | float:
        """That, of draws of the variables, samples first."""
        return sum(values[n].reshape(-1, len(c)) @ c for n, c in self.centres.items())

    @property
    def follows(self) -> tuple[str, ...]:
        """The predictors that it hangs on, which come before."""
        found = only((Expression, VarianceFunction), self.contributions)
        return tuple(dict.fromkeys(d for c in found for d in c.follows))

    @property
    def expression(self) -> Expression | None:
        """What it is of nonlinear parameters, if it is that."""
        return next(iter(only(Expression, self.contributions)), None)

    @property
    def smooths(self) -> Smooths | None:
        """The penalised parts of smooths, where there are some."""
        return next(iter(only(Smooths, self.contributions)), None)

    @property
    def drawn(self) -> tuple[DrawnColumns, ...]:
        return only(DrawnColumns, self.contributions)

    @property
    def monotonic(self) -> tuple[DrawnColumns, ...]:
        """Those that have steps."""
        return tuple(c for c in self.drawn if c.shares)

    @property
    def processes(self) -> tuple[Processes, ...]:
        return only(Processes, self.contributions)

    @property
    def regions(self) -> tuple[Regions, ...]:
        return only(Regions, self.contributions)

    @property
    def offset(self) -> np.ndarray:
        """One value a row."""
        return only(Offset, self.contributions)[0].values


@dataclass(frozen=True)
class Design:
    """Everything about the data that the model needs, priors aside.

    Attributes
    ----------
    frames : Frames
        The data of the fit, and those of each response.
    names : tuple of str
        What targets call the responses: ``""`` where there is one.
    predictors : tuple of PredictorDesign
        In an order in which each may use those before it.
    data2 : mapping of str to DataFrame
        The matrices that the formula names.
    measured : tuple of Measured
        Covariates with measurement error.
    """

    formula: Formula | MvFormula
    frames: Frames
    functions: Mapping[str, Any]
    names: tuple[str, ...]
    responses: tuple[ResponseData, ...]
    predictors: tuple[PredictorDesign, ...]
    groups: tuple[Group, ...]
    spine: Spine
    data2: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """The rows that the fit is to."""
        return self.frames.whole

    def group(self, name: str) -> Group:
        return next(g for g in self.groups if g.name == name)

    def of(self, resp: str) -> Design:
        """The part of one of the responses, with its rows; groups keep all their levels."""
        i = self.names.index(resp)
        frames, rows = self.frames.of(i), self.frames.rows[i]
        groups = self.groups
        if len(rows) < len(self.frame):
            groups = tuple(replace(g, index=g.index[rows]) for g in groups)
        return replace(
            self,
            formula=formulas_of(self.formula)[i],
            frames=frames,
            names=(resp,),
            responses=(self.responses[i],),
            predictors=tuple(p for p in self.predictors if p.target.resp == resp),
            groups=groups,
        )


def build_design(
    formula: Formula | MvFormula,
    data: pd.DataFrame,
    families: Sequence[Family],
    extra: Mapping[str, Any] | None = None,
    data2: Mapping[str, pd.DataFrame] | None = None,
    whole: Mapping[str, ResponseData] | None = None,
    known: Mapping[Target, PredictorDesign] | None = None,
) -> Design:
    """Put a formula on data.

    Parameters
    ----------
    formula : Formula or MvFormula
    data : DataFrame
    families : sequence of Family
        One for each response.
    extra : mapping of str to callable, optional
        The user's functions, beside the fixed ones.
    data2 : mapping of str to DataFrame, optional
        The matrices that the formula names.
    whole : mapping of str to ResponseData, optional
        Those of all rows, where these are some of them, by what targets call them.
    known : mapping of Target to PredictorDesign, optional
        Those of all rows then, of whose regions and steps some may have no rows here.

    Raises
    ------
    FormulaError, DataError, FamilyError
    """
    formulas, names = formulas_of(formula), names_of(formula)
    functions, known, data2 = _functions(formulas, extra), known or {}, dict(data2 or {})
    for own, family in zip(formulas, families, strict=True):
        check_nonlinear(own, family, data.columns)
    check_calls(formulas)
    frames = _with_levels(training_frames(formulas, data), names, known)
    responses, spreads = [], []
    for resp, own, family, frame in zip(names, formulas, families, frames.own, strict=True):
        of_all = (whole or {}).get(resp)
        response = build_response(own.response, family, frame, functions, of_all)
        responses.append(replace(response, family=specified(response.family, own)))
        check_sar(own, responses[-1].family)
        spreads.append(spread(own, responses[-1].family))
    groups = _groups(spreads, frames, functions, data2)
    measured = build_measured(spreads, frames, functions)
    truths = dict(pair for m in measured for pair in m.truths())
    truths |= build_imputed(spreads, names, responses)
    _check_gaps(formulas, frames)
    predictors: list[PredictorDesign] = []
    spine: list[GroupCoef] = []
    for resp, own, response, frame in zip(names, spreads, responses, frames.own, strict=True):
        on = resp, own, frame, functions, groups, response, data.columns, data2, known
        predictors += _predictors(*on, spine, truths)
    found = [r for p in predictors for r in p.regions]
    factors = (*groups.values(), *(r.group for r in found))
    factors += tuple(m.group for m in measured if m.group is not None)
    each = list(zip(names, spreads, responses, strict=True))
    taken = {name for resp, own, r in each for name in variables_of(factors, own, r.family, resp)}
    taken |= {p.target.dim for p in predictors}
    more = {name for m in measured for name in (*m.dims, *(p.name for p in m.parameters))}
    for resp, own, response in each:
        check_dims(factors, own, response.family, resp, more)
        check_response(response.name, factors, taken | more, resp)
    check_prefixes(predictors)
    matrices = {g.known.name for g in groups.values() if g.known}
    matrices |= {r.neighbours.name for r in found}
    terms = [t for f in formulas for t in (*f.mu.sars, *f.mu.residuals) if t.matrix is not None]
    matrices |= {t.matrix.name for t in terms} & data2.keys()
    named = {name: data2[name] for name in sorted(matrices)}
    return Design(
        formula,
        frames,
        functions,
        names,
        tuple(responses),
        tuple(predictors),
        tuple(groups.values()),
        tuple(spine),
        named,
        measured,
    )


def _check_gaps(formulas: Sequence[Formula], frames: Frames) -> None:
    """FormulaError for a column with missing values that a term reads as it is."""
    gaps = {n for n in may_miss(formulas) if frames.whole[n].isna().any()}
    for f in formulas:
        for _, p in f.predictors:
            for use in plain_uses(p):
                if use.name in gaps:
                    raise FormulaError(
                        f"{use.name!r} has missing values, which mi() imputes.",
                        use.source,
                        use.span,
                        hint=f"Write 'mi({use.name})'.",
                    )


def _with_levels(
    frames: Frames, names: Sequence[str], known: Mapping[Target, PredictorDesign]
) -> Frames:
    """The data with all levels of ordered factors, of which some may have no rows."""
    if not known:
        return frames
    steps = {n: [c for t, p in known.items() if t.resp == n for c in p.drawn] for n in names}
    whole = with_levels(frames.whole, [c for own in steps.values() for c in own])
    own = tuple(with_levels(f, steps[n]) for f, n in zip(frames.own, names, strict=True))
    return replace(frames, whole=whole, own=own)


def spread(formula: Formula, family: Family) -> Formula:
    """The formula with a predictor for each parameter that the main one is for.

    Raises
    ------
    FamilyError
        For a parameter that the family doesn't have.
    """
    given = dict(formula.predictors)
    for dpar in given:
        if dpar != MAIN:
            family.dpar(dpar)
    mains = {dpar: given.pop(dpar, formula.mu) for dpar in family.main}
    given.pop(MAIN, None)
    if family.specific:
        mains = apart(formula.mu, family)
    own = {dpar: given.pop(dpar) for dpar in family.nonlinear}
    return replace(formula, predictors=(*own.items(), *mains.items(), *given.items()))


def _functions(formulas: Iterable[Formula], extra: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The functions that the formulas can call; none where they are made of plain columns."""
    exprs = [e for f in formulas for e in _exprs(f)]
    if not extra and all(isinstance(expr, Name | Literal) for expr, _ in exprs):
        return {}
    # Here, for it imports formulae and splines.
    from bayesmix.design.namespace import namespace

    functions = namespace(extra)
    for expr, source in exprs:
        check_functions(expr, functions, source)
    return functions


def _exprs(formula: Formula) -> Iterator[tuple[Expr, str]]:
    """Every expression that is evaluated, with the text that it stands in."""
    response = formula.response
    given = (arg for a in response.additions for arg in a.values)
    for expr in (*response_columns(response), *given):
        yield expr, response.source
    for _, predictor in formula.predictors:
        covariates = (e for s in predictor.specials for e in s.columns)
        for expr in (*predictor.population.offsets, *_factors(predictor), *covariates):
            yield expr, predictor.source


def _factors(predictor: Predictor) -> Iterator[Expr]:
    """What the terms of a right-hand side are made of, and what groupings say of their members."""
    yield from (e for t in predictor.population.terms for f in t.factors for e in reads_of(f))
    for g in predictor.groups:
        yield from g.grouping.pw
        yield from g.grouping.mm.weights if g.grouping.mm else ()
        for member in range(members_of(g.grouping)):
            terms = covariates(g.coefs, member).terms
            yield from (e for t in terms for f in t.factors for e in reads_of(f))


def _groups(
    formulas: Sequence[Formula],
    frames: Frames,
    functions: Mapping[str, Any],
    data2: Mapping[str, pd.DataFrame],
) -> dict[Key, Group]:
    """The grouping factors, each once: ``a:b`` and ``b:a`` are the same."""
    groups: dict[Key, Group] = {}
    for f in formulas:
        for _, predictor in f.predictors:
            for grouping in (term.grouping for term in predictor.groups):
                if grouping.key in groups:
                    continue
                users = [i for i, own in enumerate(formulas) if _has(own, grouping.key)]
                on = functions, predictor.source
                if any(len(frames.rows[i]) == len(frames.whole) for i in users):
                    groups[grouping.key] = _group(grouping, (frames.whole, *on), data2)
                    continue
                rows = np.unique(np.concatenate([frames.rows[i] for i in users]))
                frame = frames.some(rows, _read(grouping))
                group = _group(grouping, (frame, *on), data2)
                groups[grouping.key] = _on_all(group, rows, frames)
    return groups


def _read(grouping: Grouping) -> dict[str, None]:
    """The columns that a grouping factor is made of."""
    weights = grouping.mm.weights if grouping.mm else ()
    read = (n.name for e in (*grouping.pw, *weights) for n in columns_of(e))
    return dict.fromkeys((*grouping.members, *grouping.strata, *read))


def _has(formula: Formula, key: Key) -> bool:
    return any(t.grouping.key == key for _, p in formula.predictors for t in p.groups)


def _on_all(group: Group, rows: np.ndarray, frames: Frames) -> Group:
    """The same with an index of all rows; of those that no response with the group has, any."""
    index = np.zeros((len(frames.whole), *group.index.shape[1:]), group.index.dtype)
    index[rows] = group.index
    return replace(group, index=index)


def _group(
    grouping: Grouping,
    on: tuple[pd.DataFrame, Mapping[str, Any], str],
    data2: Mapping[str, pd.DataFrame],
) -> Group:
    frame, _, source = on
    group = replace(_levels(grouping, frame), dist=grouping.dist)
    if grouping.cov is not None:
        labels = tuple(map(label_of, group.keys))
        known = build_known(grouping.cov, group.name, labels, data2, source)
        group = replace(group, known=known)
    if grouping.pw:
        values = np.stack([make_quantity(e, *on).on(frame) for e in grouping.pw], axis=1)
        text = ", ".join(map(render, grouping.pw))
        group = replace(group, pw=prior_weights(group, values, text, frame))
    return group


def _levels(grouping: Grouping, frame: pd.DataFrame) -> Group:
    if grouping.mm is None:
        return build_group(grouping.members, grouping.by, frame)
    mm = grouping.mm
    return build_memberships(grouping.name, mm.units, grouping.by, mm.by, frame)


def _predictors(
    resp: str,
    formula: Formula,
    frame: pd.DataFrame,
    functions: Mapping[str, Any],
    groups: Mapping[Key, Group],
    response: ResponseData,
    names: pd.Index,
    data2: Mapping[str, pd.DataFrame],
    known: Mapping[Target, PredictorDesign],
    spine: list[GroupCoef],
    truths: Mapping[str, TrueValues],
) -> list[PredictorDesign]:
    """Those of one response; coefficients of groups are put on the spine."""
    predictors, family = [], response.family
    for dpar, predictor in formula.predictors:
        target, on = Target(resp, dpar), (frame, functions, predictor.source)
        population, of_all = parted(predictor.population)[0], known.get(target)
        smooths = tuple(s for term in predictor.smooths for s in build_smooths(term, on))
        columns = _columns(build_matrix(population, *on), target, family, smooths)
        whole = of_all.drawn if of_all else ()
        drawn = build_drawn(predictor, target, on, len(columns.names), truths, whole)
        columns = columns.beside(name for c in drawn for name in c.names)
        brackets = [
            effects
            for term in predictor.groups
            for effects in _bracket(term, target, groups, on, spine, drawn, truths)
        ]
        offsets = [make_quantity(e, *on) for e in population.offsets]
        penalised = [Smooths(target.smooth, smooths)] if any(s.blocks for s in smooths) else []
        variances = variance_functions(predictor, target, family, on, names, response)
        regions = [r.on(frame) for r in (of_all.regions if of_all else ())]
        regions = regions or build_regions(predictor, target, frame, data2)
        residuals = build_residuals(predictor, target, family, frame, formula, data2)
        contributions = (
            columns,
            Offset.of(offsets, frame),
            *penalised,
            *drawn,
            *build_expression(predictor, on),
            *variances,
            *build_processes(predictor, target, on),
            *regions,
            *brackets,
            *_latent(residuals),
        )
        predictors.append(PredictorDesign(target, predictor, contributions, residuals))
    return predictors


def _latent(residuals: Residuals | None) -> Iterator[LatentResiduals]:
    """Those that are part of a linear predictor, each row's own."""
    if residuals and residuals.kind == Kind.LATENT:
        yield LatentResiduals.of(residuals)


def _columns(
    matrix: Matrix, target: Target, family: Family, smooths: tuple[SmoothColumns, ...]
) -> Columns:
    """Centred where an intercept, or what stands for it, takes up what that changes."""
    replaced = target.is_main and family.intercept is not None
    slopes = matrix.values[:, matrix.terms.intercept :]
    takes_up = family.level_free if replaced else matrix.terms.intercept
    takes_up = takes_up and target.dpar not in family.nonlinear
    means = slopes.mean(axis=0) if takes_up else np.zeros(slopes.shape[1])
    matrix = matrix.without_intercept() if replaced else matrix
    # Those of smooths sum to zero, or stand beside a number; brms leaves them as they are.
    means = np.append(means, np.zeros(sum(s.fixed.shape[1] for s in smooths)))
    return Columns(matrix, target.variable, means, smooths)


def _bracket(
    term: GroupTerm,
    target: Target,
    groups: Mapping[Key, Group],
    on: tuple[pd.DataFrame, Mapping[str, Any], str],
    spine: list[GroupCoef],
    population: tuple[DrawnColumns, ...],
    truths: Mapping[str, TrueValues],
) -> list[GroupEffects]:
    """A bracket on data, for each member that a row has; its coefficients are put on the spine."""
    group, plain = groups[term.grouping.key].name, parted(term.coefs)[0]
    matrices = matrices_of(replace(term, coefs=plain), *on)
    special, drawn = levels_drawn(term, population, on, truths)
    if term.structure.ordered:
        _check_ordered(term, (*matrices[0].coded, *special.coded), on[2])
    names = (*matrices[0].names, *special.names)
    rows = _rows(term, group, target, names, spine)
    _check_new(rows, spine, term, on[2])
    first = sum(c.group == group for c in spine)
    spine.extend(rows)
    weights = weights_of(term.grouping, *on)
    made = []
    for member, matrix in enumerate(matrices):
        given = on[0], weights and (weights, member)
        if matrix.names:
            made.append(GroupEffects.of(term, group, matrix, first, *given))
        if special.names:
            after = first + len(matrix.names)
            made.append(GroupEffects.of(term, group, special, after, *given, drawn))
    return made


def _check_ordered(term: GroupTerm, coded: tuple[CodedTerm, ...], source: str) -> None:
    """Coefficients in an order are those of the levels of a factor."""
    factors = [f for c in coded for f, _ in c.factors]
    if term.coefs.intercept or len(factors) != 1 or not factors[0].categorical:
        raise FormulaError(
            f'str="{term.structure.name}" is of coefficients in an order: those of the levels of '
            "one factor, without an intercept.",
            source,
            term.span,
            hint="Write '(0 + C(time) | gr(g, str=…))'; C(time, levels=[…]) orders levels.",
        )


def _rows(
    term: GroupTerm, group: str, target: Target, names: Iterable[str], spine: list[GroupCoef]
) -> list[GroupCoef]:
    ident = term.id or f"#{len(spine) + 1}"
    g, cov = term.grouping, None if term.grouping.cov is None else term.grouping.cov.name
    options = term.structure, g.by, g.dist, cov
    return [GroupCoef(group, ident, target, name, *options) for name in names]


def _check_new(rows: list[GroupCoef], spine: list[GroupCoef], term: GroupTerm, source: str) -> None:
    there = {(c.group, c.name) for c in spine}
    for row in rows:
        if (row.group, row.name) in there:
            raise FormulaError(
                f"Group {row.group!r} would have two coefficients called {row.name!r}.",
                source,
                term.span,
                hint="Leave one out, or rename a column.",
            )


__all__ = ["INTERCEPT", "Design", "PredictorDesign", "build_design"]
