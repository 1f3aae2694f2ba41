"""Names that have a meaning in the results, which columns and groups can't have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from bayesmix.design.groups import (
    Group,
)
from bayesmix.design.processes import VARIABLES as PROCESS
from bayesmix.design.regions import VARIABLES
from bayesmix.errors import DataError, FormulaError
from bayesmix.formula.tree import (
    Formula,
)
from bayesmix.parameters import MAIN, Target

if TYPE_CHECKING:
    from bayesmix.design.build import PredictorDesign
    from bayesmix.families import Family

TAKEN_DIMS = frozenset({"chain", "draw", "coef"})


def check_dims(
    groups: Collection[Group], formula: Formula, family: Family, resp: str, more: set[str]
) -> None:
    """Each dimension of the posterior needs a name that no other and no variable has."""
    prefixes = {dpar: Target(resp, dpar).prefix for dpar, _ in formula.predictors}
    taken = TAKEN_DIMS | {f"{prefix}coef" for prefix in prefixes.values()} | more
    taken |= variables_of(groups, formula, family, resp)
    taken |= {
        f"{prefixes[d]}{v.by.name}" for d, p in formula.predictors for v in p.variances if v.by
    }
    taken |= {f"{g.name}_{dim}" for g in groups for dim in ("coef", "coef2")}
    taken |= {"resp", "rescor_pair", f"{resp}_obs", f"{resp}_row"} if resp else set()
    if "obs" in {g.name for g in groups}:
        taken |= {"row"}
    for group in groups:
        for name in (group.name, group.by.name if group.by else ""):
            if "/" in name:
                raise DataError(
                    f"The column {name!r} can't name a dimension of the results, as a group has "
                    "to, because of the slash; rename it."
                )
            if name in taken:
                raise DataError(
                    f"The group {group.name!r} needs a dimension {name!r} in the results, which "
                    "has another meaning there; rename the column."
                )


def variables_of(groups: Iterable[Group], formula: Formula, family: Family, resp: str) -> set[str]:
    """What the variables of a posterior, and their dimensions, are called."""
    main = Target(resp, MAIN)
    vectors = [name for v in family.vectors for name in (v.name, *v.dims)]
    of_residuals = ("ar", "ma", "cosy", "car1", "cortime", "sderr", "err")
    of_residuals += ("range", "nugget", "ar_lag", "ma_lag", "cortime_pair", "err_row")
    vectors += of_residuals if formula.mu.residuals else ()
    of_dpars = {"b", *(Target(resp, dpar).label for dpar in family.dpar_names if dpar != MAIN)}
    of_dpars |= {made for v in vectors for made in (main.called(v), main.prefix + v)}
    for dpar, p in formula.predictors:
        target = Target(resp, dpar)
        own = ("b", *(VARIABLES if p.cars else ()))
        own += (*PROCESS, "gp", "gp_scale", "gp_number") if p.processes else ()
        of_dpars |= {made for what in own for made in (what, target.called(what))}
    of_dpars |= {"rescor"} if resp else set()
    of_groups = ("sd", "cor", "r", "df", "udf")
    return of_dpars | {f"{what}_{g.name}" for g in groups for what in of_groups} | {MAIN}


def check_response(name: str, groups: Collection[Group], variables: set[str], resp: str) -> None:
    """The response's name is that of a variable of its own."""
    taken = {"Intercept", "slopes", "obs", "row", "sample", *TAKEN_DIMS, *(g.name for g in groups)}
    if resp and "/" in resp:
        raise DataError(
            f"The response {resp!r} can't name parameters, as each of several has to, because of "
            "the slash; rename the column."
        )
    if name in taken | variables:
        raise DataError(
            f"The response can't be called {name!r}, which has another meaning in the results; "
            "rename the column."
        )


def check_prefixes(predictors: Iterable[PredictorDesign]) -> None:
    """``sigma_x`` is the coefficient of x in the formula of sigma, not that of a column."""
    owners: dict[str, Target] = {}
    for p in predictors:
        for name in (*p.columns.names, *(name for g in p.groups for name in g.names)):
            full = p.target.named(name)
            if owners.setdefault(full, p.target) != p.target:
                both = [t.label or MAIN for t in (owners[full], p.target)]
                raise FormulaError(
                    f"Coefficients of {both[0]!r} and of {both[1]!r} would both be called "
                    f"{full!r}; rename a column.",
                    p.predictor.source,
                )
