"""Curves with names, those of the self-starting models of R's stats as nonlinear formulas.

A curve's parameters that it is linear in are found by least squares, the others on a grid that
the data make; from the best of the grid all are improved by least squares.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np

from bayesmix.errors import DataError, FormulaError, did_you_mean, listed
from bayesmix.formula import Formula, bf, parse_predictor
from bayesmix.formula.nonlinear import evaluate
from bayesmix.formula.parser import split_tilde
from bayesmix.formula.tree import Binary, Call, Expr, Name, Unary, render
from bayesmix.frames import to_pandas

__all__ = ["Curve", "curve"]

Array = np.ndarray
Grid = Callable[[Array], Mapping[str, Iterable[float]]]

STEPS = np.exp(np.linspace(-4.0, 4.0, 17))
"""Rates and scales, in units of the covariate's range."""
PLACES = np.linspace(0.0, 1.0, 11)
"""Along that range."""
TRIED = 20
"""Points of the grid that least squares begins at, until it converges."""


@dataclass(frozen=True)
class Curve:
    """A nonlinear formula, and the curve of least squares through the data.

    Parameters
    ----------
    formula : Formula
        For `Model` and `brm`.
    start : mapping of str to float
        The estimate of each parameter by least squares, groups aside: of which size it is.
    errors : mapping of str to float
        Standard errors of these; infinite where the data don't tell.

    Examples
    --------
    >>> import bayesmix as bx
    >>> data = {"t": [0.0, 1.0, 2.0, 3.0, 4.0], "y": [0.0, 3.9, 6.4, 7.7, 8.7]}
    >>> curve = bx.curve("SSasympOrig", "y ~ t", data)
    >>> {name: round(value, 2) for name, value in curve.start.items()}
    {'Asym': 10.05, 'lrc': -0.7}
    """

    formula: Formula
    start: Mapping[str, float]
    errors: Mapping[str, float]

    def __str__(self) -> str:
        return str(self.formula)


@dataclass(frozen=True)
class Shape:
    """A kind of curve.

    Attributes
    ----------
    text : str
        Its expression; ``x`` is the covariate, after ``dose`` where it has that.
    linear : tuple of str
        The parameters that it is linear in, given the others.
    grid : callable
        Values of the others, from those of the covariate.
    scale : str
        The one whose exponential it is inversely proportional to, in place of `linear`.
    parameters : tuple of str
        In R's order.
    ordered : tuple of str
        Two of which the first is the larger.
    """

    text: str
    parameters: tuple[str, ...]
    grid: Grid
    linear: tuple[str, ...] = ()
    scale: str = ""
    ordered: tuple[str, ...] = ()

    @property
    def covariates(self) -> tuple[str, ...]:
        return ("dose", "x") if "dose" in self.text else ("x",)

    def starts(self, expr: Expr, columns: Mapping[str, Array], y: Array) -> Iterator[Array]:
        """Parameters at every point of the grid, those that are linear by least squares."""
        grid = self.grid(columns["x"])
        for point in product(*grid.values()):
            at = dict(zip(grid, map(float, point), strict=True))
            if self.ordered and not at[self.ordered[0]] > at[self.ordered[1]]:
                continue
            if (full := self._filled(at, expr, columns, y)) is not None:
                yield np.array([full[name] for name in self.parameters])

    def _filled(
        self, at: dict[str, float], expr: Expr, columns: Mapping[str, Array], y: Array
    ) -> dict[str, float] | None:
        zeros = dict.fromkeys(self.linear, 0.0)
        units = [zeros | {name: 1.0} for name in self.linear] or [{self.scale: 0.0}]
        basis = [np.broadcast_to(evaluate(expr, columns | at | u, np), y.shape) for u in units]
        matrix = np.stack(basis, axis=1)
        if not np.isfinite(matrix).all():
            return None
        found = np.linalg.lstsq(matrix, y)[0]
        if self.linear:
            return at | dict(zip(self.linear, map(float, found), strict=True))
        return at | {self.scale: -float(np.log(found[0]))} if found[0] > 0 else None


def _range(x: Array) -> float:
    size = float(np.ptp(x))
    if not size > 0:
        raise DataError("A curve needs a covariate that varies.")
    return size


def _places(x: Array) -> Array:
    return x.min() + _range(x) * PLACES


def _log_rates(x: Array) -> Array:
    return np.log(STEPS / _range(x))


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "SSlogis": Shape(
            "Asym / (1 + exp((xmid - x) / scal))",
            ("Asym", "xmid", "scal"),
            lambda x: {
                "xmid": _places(x),
                "scal": _range(x) * np.concatenate([STEPS, -STEPS]),
            },
            ("Asym",),
        ),
        "SSasymp": Shape(
            "Asym + (R0 - Asym) * exp(-exp(lrc) * x)",
            ("Asym", "R0", "lrc"),
            lambda x: {"lrc": _log_rates(x)},
            ("Asym", "R0"),
        ),
        "SSasympOff": Shape(
            "Asym * (1 - exp(-exp(lrc) * (x - c0)))",
            ("Asym", "lrc", "c0"),
            lambda x: {"lrc": _log_rates(x), "c0": x.min() + _range(x) * (PLACES - 0.5)},
            ("Asym",),
        ),
        "SSasympOrig": Shape(
            "Asym * (1 - exp(-exp(lrc) * x))",
            ("Asym", "lrc"),
            lambda x: {"lrc": _log_rates(x)},
            ("Asym",),
        ),
        "SSmicmen": Shape(
            "Vm * x / (K + x)",
            ("Vm", "K"),
            lambda x: {"K": _range(x) * STEPS},
            ("Vm",),
        ),
        "SSgompertz": Shape(
            "Asym * exp(-b2 * b3 ** x)",
            ("Asym", "b2", "b3"),
            lambda x: {"b2": STEPS, "b3": np.exp(-STEPS / _range(x))},
            ("Asym",),
        ),
        "SSweibull": Shape(
            "Asym - Drop * exp(-exp(lrc) * x ** pwr)",
            ("Asym", "Drop", "lrc", "pwr"),
            lambda x: {"lrc": np.linspace(-12.0, 3.0, 31), "pwr": np.linspace(0.25, 5.0, 20)},
            ("Asym", "Drop"),
        ),
        "SSfpl": Shape(
            "A + (B - A) / (1 + exp((xmid - x) / scal))",
            ("A", "B", "xmid", "scal"),
            lambda x: {"xmid": _places(x), "scal": _range(x) * STEPS},
            ("A", "B"),
        ),
        "SSbiexp": Shape(
            "A1 * exp(-exp(lrc1) * x) + A2 * exp(-exp(lrc2) * x)",
            ("A1", "lrc1", "A2", "lrc2"),
            lambda x: {"lrc1": _log_rates(x), "lrc2": _log_rates(x)},
            ("A1", "A2"),
            ordered=("lrc1", "lrc2"),
        ),
        "SSfol": Shape(
            "dose * exp(lKe + lKa - lCl) * (exp(-exp(lKe) * x) - exp(-exp(lKa) * x))"
            " / (exp(lKa) - exp(lKe))",
            ("lKe", "lKa", "lCl"),
            lambda x: {"lKe": _log_rates(x), "lKa": _log_rates(x)},
            scale="lCl",
            ordered=("lKa", "lKe"),
        ),
    }
)
"""The curves, with R's names of their parameters."""


def curve(kind: str, formula: str, data: Any, **parameters: str) -> Curve:
    """A nonlinear formula by the name that R's self-starting models have.

    Parameters
    ----------
    kind : str
        ``SSlogis``, ``SSasymp``, ``SSasympOff``, ``SSasympOrig``, ``SSmicmen``, ``SSgompertz``,
        ``SSweibull``, ``SSfpl``, ``SSbiexp`` or ``SSfol``.
    formula : str
        ``y ~ x``, response and covariate; of ``SSfol`` ``y ~ dose + time``.
    data : DataFrame
    **parameters : str
        Formulas of the parameters, which have R's names; ``"1"`` by default. Further ones are those
        of the family, as in `bf`.

    Returns
    -------
    Curve

    Raises
    ------
    FormulaError
        For another kind, or another number of columns.
    DataError
        For columns that aren't numbers, and data that no curve of this kind fits.

    References
    ----------
    J. C. Pinheiro, D. M. Bates (2000). Mixed-Effects Models in S and S-PLUS, appendix C.

    Examples
    --------
    >>> import bayesmix as bx
    >>> data = {"t": [0.0, 1.0, 2.0, 3.0, 4.0], "y": [0.0, 3.9, 6.4, 7.7, 8.7]}
    >>> print(bx.curve("SSasympOrig", "y ~ t", data))
    y ~ Asym * (1 - exp(-exp(lrc) * t))
    Asym ~ 1
    lrc ~ 1
    """
    if kind not in SHAPES:
        raise FormulaError(
            f"There is no curve {kind!r}.{did_you_mean(str(kind), SHAPES)}",
            hint=f"There are {listed(SHAPES)}.",
        )
    shape = SHAPES[kind]
    left, right = split_tilde(formula, "formula")
    terms = parse_predictor(right).population.terms
    names = [f.name for t in terms for f in t.factors if isinstance(f, Name)]
    if not left or len(names) != len(shape.covariates) or len(names) != len(terms):
        wanted = " + ".join(shape.covariates)
        raise FormulaError(f"The formula of {kind} is 'y ~ {wanted}', not {formula!r}.")
    own = {name: parameters.pop(name, "1") for name in shape.parameters}
    expression = render(_on_columns(shape, names))
    made = bf(f"{left} ~ {expression}", nl=True, **own, **parameters)
    y, columns = _numbers(made, data)
    start, errors = _least_squares(kind, shape, made, columns | {"x": columns[names[-1]]}, y)
    return Curve(made, MappingProxyType(start), MappingProxyType(errors))


def _on_columns(shape: Shape, columns: Sequence[str]) -> Expr:
    """The expression with the names of the data's columns."""
    (_, predictor), *_ = bf(f"y ~ {shape.text}", nl=True).predictors
    return _renamed(predictor.nonlinear.expr, dict(zip(shape.covariates, columns, strict=True)))


def _renamed(expr: Expr, to: Mapping[str, str]) -> Expr:
    match expr:
        case Name(name, span):
            return Name(to.get(name, name), span)
        case Unary(op, operand, span):
            return Unary(op, _renamed(operand, to), span)
        case Binary(op, left, right, span):
            return Binary(op, _renamed(left, to), _renamed(right, to), span)
        case Call(function, args, kwargs, span):
            return Call(function, tuple(_renamed(a, to) for a in args), kwargs, span)
    return expr


def _numbers(formula: Formula, data: Any) -> tuple[Array, dict[str, Array]]:
    """The response and the columns of the expression, of complete rows."""
    frame, response = to_pandas(data), formula.response.expr
    if not isinstance(response, Name):
        raise FormulaError("The response of a curve is a column; make the column first.")
    names = [response.name, *(c.name for c in formula.mu.nonlinear.columns)]
    for name in names:
        if name not in frame:
            raise FormulaError(
                f"There is no column {name!r} in the data.{did_you_mean(name, frame.columns)}"
            )
        if frame[name].dtype.kind not in "iuf":
            raise DataError(f"Column {name!r} of a curve must be numbers.")
    values = frame[names].dropna().to_numpy(float)
    return values[:, 0], dict(zip(names[1:], values.T[1:], strict=True))


def _least_squares(
    kind: str, shape: Shape, formula: Formula, columns: Mapping[str, Array], y: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """Estimates and standard errors."""
    # Here, for its import takes long.
    from scipy.optimize import curve_fit

    expr = formula.mu.nonlinear.expr

    def value(_: Array, *at: float) -> Array:
        values = columns | dict(zip(shape.parameters, at, strict=True))
        return np.broadcast_to(evaluate(expr, values, np), y.shape)

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        starts = list(shape.starts(expr, columns, y))
        losses = [float(np.sum((y - value(y, *s)) ** 2)) for s in starts]
        order = np.argsort(losses)
        for k in order[:TRIED]:
            try:
                found, cov = curve_fit(value, y, y, starts[k], xtol=1e-12, ftol=1e-12, maxfev=5000)
            except (RuntimeError, ValueError, TypeError):
                continue
            errors = np.sqrt(np.diag(cov))
            return tuple(
                dict(zip(shape.parameters, map(float, v), strict=True)) for v in (found, errors)
            )
    raise DataError(f"Least squares finds no curve {kind} through these data.")
