"""A model as mathematics: LaTeX for a notebook, Unicode for a terminal, from one list of lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import exp
from typing import Protocol

from bayesmix.design import Group, GroupEffects, Measured, PredictorDesign, VarianceFunction
from bayesmix.design.factors import number_of
from bayesmix.families import Family
from bayesmix.formula.tree import render
from bayesmix.parameters import MAIN, Parameter, Role, Transform
from bayesmix.priors import Resolved
from bayesmix.spec import GroupPriors, ModelSpec
from bayesmix.summary.expressions import written

GREEK = {
    "mu": "μ",
    "sigma": "σ",
    "nu": "ν",
    "alpha": "α",
    "beta": "β",
    "tau": "τ",
    "theta": "θ",
    "zeta": "ζ",
    "Sigma": "Σ",
}
LETTERS = "uvwabcdefg"
"""Of the effects of the groups, in their order."""

FAMILIES = {
    "gaussian": "Normal",
    "student": "StudentT",
    "negbinomial": "NegBinomial",
    "cumulative": "Ordered",
}
DISTRIBUTIONS = {"student_t": "StudentT", "inv_gamma": "InvGamma", "lkj": "LKJ", "R2D2": "R2D2"}


class Style(Protocol):
    """How symbols are written; `stacked` if a fraction's line shows where its parts end."""

    stacked: bool

    def symbol(self, name: str, *index: str) -> str:
        """A Greek letter, or a word, with an index."""

    def word(self, name: str, *index: str) -> str:
        """A column or distribution."""

    def vector(self, items: Sequence[str]) -> str:
        """Several in brackets."""

    def power(self, base: str, exponent: str) -> str:
        """To the power of."""

    def link(self, link: str, inside: str) -> str:
        """A function of something; the identity is left out."""

    def quotient(self, above: str, below: str) -> str:
        """One through the other."""

    def brackets(self, inside: str) -> str:
        """In parentheses."""


@dataclass(frozen=True)
class Unicode:
    """Plain text."""

    is_in = "~"
    flat = "∝"
    dots = "…"
    times = " "
    mean = "x̄"
    stacked = False

    def symbol(self, name: str, *index: str) -> str:
        head = GREEK.get(name, name)
        digits = index[0] if index and index[0].isdigit() else ""
        rest = index[1:] if digits else index
        low = digits.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
        return head + low + (f"[{', '.join(rest)}]" if rest else "")

    def word(self, name: str, *index: str) -> str:
        return name + (f"[{', '.join(index)}]" if index else "")

    def vector(self, items: Sequence[str]) -> str:
        return f"({', '.join(items)})"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}"

    def link(self, link: str, inside: str) -> str:
        return inside if link == "identity" else f"{link}({inside})"

    def quotient(self, above: str, below: str) -> str:
        return f"{above} / {below}"

    def brackets(self, inside: str) -> str:
        return f"({inside})"


@dataclass(frozen=True)
class Latex:
    """For MathJax and TeX."""

    is_in = r"\sim"
    flat = r"\propto"
    dots = r"\ldots"
    times = r"\,"
    mean = r"\bar{x}"
    stacked = True

    def symbol(self, name: str, *index: str) -> str:
        head = f"\\{name}" if name in GREEK else name if len(name) == 1 else self.word(name)
        return head + (f"_{{{', '.join(index)}}}" if index else "")

    def word(self, name: str, *index: str) -> str:
        text = re.sub(r"([_#$%&{}])", r"\\\1", name).replace("^", r"\^{}")
        return f"\\mathrm{{{text}}}" + (f"_{{{', '.join(index)}}}" if index else "")

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def vector(self, items: Sequence[str]) -> str:
        return rf"\left({', '.join(items)}\right)"

    def link(self, link: str, inside: str) -> str:
        if link == "identity":
            return inside
        return rf"\operatorname{{{self._escaped(link)}}}\left({inside}\right)"

    def quotient(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def brackets(self, inside: str) -> str:
        return rf"\left({inside}\right)"

    def _escaped(self, name: str) -> str:
        return name.replace("_", r"\_")


@dataclass(frozen=True)
class Line:
    """Left side, relation, right side, and a remark in words."""

    left: str
    relation: str
    right: str
    remark: str = ""


@dataclass(frozen=True, repr=False)
class Equation:
    """A model as mathematics; prints as text, and in a notebook as formulas.

    Attributes
    ----------
    latex : str
        An ``aligned`` environment, without dollars.
    """

    spec: ModelSpec

    @property
    def latex(self) -> str:
        rows = (
            rf"{line.left} &{line.relation} {line.right}"
            + (rf" && \text{{{_escaped(line.remark)}}}" if line.remark else "")
            for line in _lines(self.spec, Latex())
        )
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def __str__(self) -> str:
        lines = list(_lines(self.spec, Unicode()))
        width = max(_width(line.left) for line in lines)
        texts = (
            f"{' ' * (width - _width(line.left))}{line.left} {line.relation} {line.right}"
            + (f"    {line.remark}" if line.remark else "")
            for line in lines
        )
        return "\n".join(texts)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def _width(text: str) -> int:
    """Columns of a terminal: a bar over a letter takes none."""
    return sum(not unicodedata.combining(c) for c in text)


def _escaped(text: str) -> str:
    return re.sub(r"([_#$%&{}])", r"\\\1", text)


def _lines(spec: ModelSpec, s: Style) -> Iterator[Line]:
    if spec.rescor is not None:
        yield from _together(spec, s)
    for part in spec.parts:
        if spec.rescor is None:
            yield _response(part, s)
        yield from _softmax(part, s)
    for part in spec.parts:
        for p in part.predictors.values():
            yield _predictor(part, p, s)
    for g in spec.groups:
        yield from _effects(spec, g, s)
    for m in spec.design.measured:
        yield from _true_values(m, s)
    for p in spec.parameters:
        resp = getattr(p.owner, "resp", "")
        yield from PRIORS.get(p.role, _plain)(spec.of(resp or None), p, s)


def _together(spec: ModelSpec, s: Style) -> Iterator[Line]:
    """Responses whose residuals in a row are correlated."""
    left = s.vector([s.word(r.data.name, "i") for r in spec.responses])
    means = s.vector([_parameter(part, MAIN, s) for part in spec.parts])
    root = f"{s.word('diag')}{s.vector([_parameter(part, 'sigma', s) for part in spec.parts])}"
    name = FAMILIES[spec.responses[0].family.name]
    inside = [s.symbol("nu")] if spec.rescor.nu else []
    varying = any("sigma" in r.predictors for r in spec.responses)
    cov = s.symbol("Sigma", *(["i"] if varying else []))
    rows = f"i = 1, …, {len(spec.design.frame)}"
    law = f"{s.word(f'MV{name}')}({', '.join([*inside, means, cov])})"
    yield Line(left, s.is_in, law, rows)
    yield Line(cov, "=", f"{root}{s.times}{s.symbol('R')}{s.times}{root}")


def _response(spec: ModelSpec, s: Style) -> Line:
    family = spec.family
    vectors = [s.symbol(v.name if v.shares else "alpha") for v in family.vectors]
    laws = [
        f"{_share(spec, k, s)}{s.times}{_law(spec, part, str(k), s)}"
        for k, part in enumerate(family.parts, 1)
    ]
    right = " + ".join(laws) or _law(spec, family, "", s, vectors)
    rows = f"i = 1, …, {len(spec.design.frame)}"
    return Line(s.word(spec.response.data.name, "i"), s.is_in, right, rows)


def _law(spec: ModelSpec, of: Family, number: str, s: Style, more: Sequence[str] = ()) -> str:
    """A distribution with its parameters; of a mixture that of the component of that number."""
    parts = [s.word(name, "i") for name in spec.response.data.aux if name in of.needs]
    parts += [
        _parameter(spec, f"{name}{number}", s) for name in of.dpar_names if name not in of.nonlinear
    ]
    name = FAMILIES.get(of.name, "".join(w[:1].upper() + w[1:] for w in of.name.split("_")))
    return f"{s.word(name)}({', '.join([*parts, *more])})"


def _parameter(spec: ModelSpec, name: str, s: Style) -> str:
    """A row's, or that of all rows, or a number."""
    d = spec.family.dpar(name)
    if name in spec.response.predictors:
        return _symbol(spec, name, s, "i")
    return _symbol(spec, d.same_as or name, s) if d.fixed is None else f"{d.fixed:g}"


def _symbol(spec: ModelSpec, name: str, s: Style, *index: str) -> str:
    """A parameter's; of a component of a mixture with its number, and its response, as indices."""
    r = spec.responses[0]
    own = [s.word(r.name)] if r.name and not spec.several and name not in r.shared else []
    head = name.rstrip("0123456789") if r.family.parts else name
    return s.symbol(head, *filter(None, [name.removeprefix(head)]), *own, *index)


def _share(spec: ModelSpec, k: int, s: Style) -> str:
    """That of a mixture's component."""
    if spec.family.vectors:
        return s.symbol("theta", str(k))
    known = spec.family.dpar(f"theta{k}")
    given = all(spec.family.dpar(f"theta{j}").fixed for j in range(1, 1 + len(spec.family.parts)))
    return f"{exp(known.fixed):.3g}" if given else s.symbol("p", str(k), "i")


def _softmax(spec: ModelSpec, s: Style) -> Iterator[Line]:
    """How the shares of components come of their predictors."""
    names = [f"theta{k}" for k in range(1, 1 + len(spec.family.parts))]
    if any(name in spec.response.predictors for name in names):
        left = s.vector([s.symbol("p", str(k), "i") for k in range(1, 1 + len(names))])
        etas = s.vector([_parameter(spec, name, s) for name in names])
        yield Line(left, "=", f"{s.word('softmax')}{etas}")


def _predictor(spec: ModelSpec, p: PredictorDesign, s: Style) -> Line:
    names = p.columns.names
    terms = [_times(s, _beta(spec, p, s, k), name) for k, name in enumerate(names)]
    if (p.offset != 0).any():
        terms.append(s.word("offset", "i"))
    if p.expression is not None:
        terms.append(written(p.expression.term, s))
    terms += [_variance(v, s) for v in p.variances]
    terms += [s.word(gp.label, "i") for c in p.processes for gp in c.processes]
    terms += [s.symbol(r.named("rcar"), s.word(r.group.name, "i")) for r in p.regions]
    for c in p.groups:
        terms += list(_of_group(spec, c, s))
    left = _symbol(spec, p.dpar, s, "i")
    if not spec.family.dpar(p.dpar).latent:
        left = s.link(spec.family.dpar(p.dpar).link, left)
    return Line(left, "=", " + ".join(terms) or "0")


def _variance(v: VarianceFunction, s: Style) -> str:
    """What a variance function adds to the logarithm of a scale."""
    own = () if v.strata is None else (s.word(v.strata.column, "i"),)
    symbols = {what: s.symbol(name, *own) for what, name in v.names.items()}
    x = s.symbol(MAIN, "i") if v.of_mean else s.word(v.covariate, "i")
    if v.function == "varExp":
        return f"{symbols['expon']}{s.times}{x}"
    size = s.link("log", f"|{x}|")
    if v.function == "varPower":
        return f"{symbols['power']}{s.times}{size}"
    return s.link("log", f"{symbols['const']} + {s.power(f'|{x}|', symbols['power'])}")


def _times(s: Style, coefficient: str, name: str) -> str:
    return coefficient if name == "Intercept" else f"{coefficient}{s.times}{s.word(name, 'i')}"


def _beta(spec: ModelSpec, p: PredictorDesign, s: Style, k: int) -> str:
    number = str(k + (not p.columns.has_intercept))
    main = [s.word(p.target.resp)] if p.target.resp else []
    return s.symbol("beta", number, *(main if p.dpar == MAIN else [_symbol(spec, p.dpar, s)]))


def _letter(spec: ModelSpec, group: str) -> str:
    names = [g.group.name for g in spec.groups]
    return LETTERS[names.index(group) % len(LETTERS)]


def _of_group(spec: ModelSpec, c: GroupEffects, s: Style) -> Iterator[str]:
    letter, group = _letter(spec, c.group), spec.design.group(c.group)
    level = s.word(":".join(group.units[c.member]) if group.multiple else c.group, "i")
    weight = f"{s.symbol('w', str(c.member + 1), 'i')}{s.times}" if group.multiple else ""
    for position, name in zip(c.positions, c.names, strict=True):
        yield weight + _times(s, s.symbol(letter, str(position), level), name)


def _effects(spec: ModelSpec, g: GroupPriors, s: Style) -> Iterator[Line]:
    """How the effects of a group's levels are distributed."""
    letter, name = _letter(spec, g.group.name), g.group.name
    remark = f"j = 1, …, {g.group.size} ({name}{_between(g.group)})"
    normal, inside = "Normal", "0"
    if g.group.dist == "student":
        normal, inside = "StudentT", f"{s.symbol('df', s.word(name))}, 0"
    own = () if g.group.by is None else (s.word(g.group.by.name, "j"),)
    for block in g.blocks:
        effects = [s.symbol(letter, str(k), "j") for k in block]
        sds = [s.symbol("tau", str(k), s.word(name), *own) for k in block]
        if len(block) == 1:
            yield Line(effects[0], s.is_in, f"{s.word(normal)}({inside}, {sds[0]})", remark)
        else:
            cov = s.symbol("Sigma", s.word(name), *own)
            law = s.word(f"MV{normal}")
            yield Line(s.vector(effects), s.is_in, f"{law}({inside}, {cov})", remark)
            root = f"{s.word('diag')}{s.vector(sds)}"
            cor = s.symbol("R", s.word(name), *own)
            yield Line(cov, "=", f"{root}{s.times}{cor}{s.times}{root}")


def _between(group: Group) -> str:
    """What is known of its levels, in words."""
    known = "" if group.known is None else f"; covariances between levels {group.known.name}"
    return known + ("" if group.pw is None else "; densities to the power of the levels' weights")


def _df(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    yield _prior([s.symbol("df", s.word(p.owner))], p.prior, s)


def _population(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    design = spec.predictors[p.owner]
    names = [_beta(spec, design, s, k) for k in range(len(p.priors))]
    priors = list(p.priors)
    if design.columns.has_intercept and names:
        columns = len(design.columns.names) - len(design.columns.others)
        at = [f"{s.mean}{s.times}{b}" for b in names[1:columns]]
        at += [f"{c.sum():.3g}{s.times}{s.symbol(n)}" for n, c in design.centres.items()]
        centred = names[0] if not at else " + ".join([names[0], *_few(at, s)])
        remarks = ["at the means of the columns"] if at else []
        remarks += ["increasing from component to component"] if spec.increasing_with(p) else []
        remark = ", ".join(remarks)
        yield _prior([centred], priors[0], s, remark)
        names, priors = names[1:], priors[1:]
    yield from _alike(names, priors, s)


def _few(items: Sequence[str], s: Style) -> list[str]:
    return [*items[:1], s.dots, items[-1]] if len(items) > 2 else list(items)


def _thresholds(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    names = [s.symbol("alpha", str(label)) for label in p.coords[0]]
    order = "in increasing order" if p.transform == Transform.ORDERED else ""
    order += " in each group" if order and p.lengths else ""
    yield from _alike(names, list(p.priors), s, order)


def _sd(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    names = [s.symbol("tau", str(k), s.word(p.owner)) for k in range(len(p.priors))]
    yield from _alike(names, list(p.priors), s)


def _cor(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    yield _prior([s.symbol("R", s.word(p.owner))], p.prior, s)


def _steps(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    """The shares of a monotonic effect, and what it is made of them."""
    (found,) = spec.predictors[p.owner].monotonic
    steps = found.shares[p.name]
    symbol = s.symbol("zeta", s.word(p.name.removeprefix("simo_")))
    remark = f"shares of steps; {steps.label} is {steps.size} times the sum of those up to a row's"
    yield _prior([symbol], p.prior, s, remark)


def _measured(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    """Means and standard deviations of true values."""
    head = p.slots[0].class_
    names = [s.symbol(head, s.word(name)) for name in p.coords[0]]
    yield from _alike(names, list(p.priors), s)


def _true_values(m: Measured, s: Style) -> Iterator[Line]:
    """What is measured is around true values, and these around their means."""
    group = "" if m.group is None else m.group.name
    row, rows = ("j", f"j = 1, …, {len(m.values)} ({group})") if group else ("i", "")
    normal, true = s.word("Normal"), [s.word(t.label, row) for t in m.terms]
    for t, value in zip(m.terms, true, strict=True):
        error = render(t.sdx) if number_of(t.sdx) is not None else s.word(render(t.sdx), row)
        yield Line(s.word(render(t.x), row), s.is_in, f"{normal}({value}, {error})", rows)
    means, sds = ([s.symbol(what, s.word(name)) for name in m.names] for what in ("meanme", "sdme"))
    if not m.pairs:
        for value, mean, sd in zip(true, means, sds, strict=True):
            yield Line(value, s.is_in, f"{normal}({mean}, {sd})", rows)
        return
    own = ["me", s.word(group)] if group else ["me"]
    cov, root = s.symbol("Sigma", *own), f"{s.word('diag')}{s.vector(sds)}"
    law = f"{s.word('MVNormal')}({s.vector(means)}, {cov})"
    yield Line(s.vector(true), s.is_in, law, rows)
    cor = s.symbol("corme", *own[1:])
    yield Line(cov, "=", f"{root}{s.times}{cor}{s.times}{root}")


def _correlations(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    """A matrix, whose prior is one."""
    of = p.slots[0].class_
    owner = [s.word(p.owner)] if of == "corme" and p.owner else []
    symbols = {"rescor": s.symbol("R"), "corme": s.symbol("corme", *owner)}
    yield _prior([symbols.get(of, s.symbol(p.name))], p.prior, s)


def _nothing(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    yield from ()


def _plain(spec: ModelSpec, p: Parameter, s: Style) -> Iterator[Line]:
    named = {v: name for r in spec.responses for name, v in r.variables.items()}
    symbol = _symbol(spec, named.get(p.name, p.name), s)
    yield from _alike([symbol] * len(p.priors), list(p.priors), s)


PRIORS = {
    Role.POPULATION: _population,
    Role.THRESHOLDS: _thresholds,
    Role.SD: _sd,
    Role.COR: _cor,
    Role.DF: _df,
    Role.MIXING: _nothing,
    Role.EFFECTS: _nothing,
    Role.STEPS: _steps,
    Role.SMOOTH: _nothing,
    Role.PROCESS: _nothing,
    Role.SPATIAL: _nothing,
    Role.REGIONS: _nothing,
    Role.LATENT: _nothing,
    Role.MEASURED: _measured,
    Role.TRUE_VALUES: _nothing,
    Role.IMPUTED: _nothing,
    Role.CORRELATIONS: _correlations,
    Role.SHRINKAGE: _nothing,
}
"""The lines of priors of parameters that have symbols of their own."""


def _alike(
    names: Sequence[str], priors: Sequence[Resolved], s: Style, remark: str = ""
) -> Iterator[Line]:
    """Neighbours with the same prior on one line."""
    for _, pairs in groupby(zip(names, priors, strict=True), key=lambda pair: pair[1]):
        same = list(pairs)
        yield _prior([name for name, _ in same], same[0][1], s, remark)


def _prior(names: Sequence[str], prior: Resolved, s: Style, remark: str = "") -> Line:
    distribution = prior.distribution
    left = ", ".join(_few(names, s))
    if not distribution.proper:
        return Line(left, s.flat, "1", remark)
    if distribution.fixed:
        return Line(left, "=", f"{distribution.params[0]:g}", remark)
    name = DISTRIBUTIONS.get(distribution.name, distribution.name.capitalize())
    half = prior.lower == 0 and distribution.name in ("student_t", "normal", "cauchy")
    plus = ("⁺" if isinstance(s, Unicode) else "^+") if half else ""
    inside = str(distribution).partition("(")[2].rstrip(")")
    return Line(left, s.is_in, f"{s.word(name)}{plus}({inside})", remark)
