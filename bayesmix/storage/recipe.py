"""What a model is made of, in JSON's types and arrays; and the model made of it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.build import build_spec
from bayesmix.design import LatentResiduals, Offset
from bayesmix.design.columns import label_key
from bayesmix.design.response import build_response, flags_of
from bayesmix.design.specific import specified
from bayesmix.errors import StorageError, listed
from bayesmix.families import Family, family, mixture
from bayesmix.formula import Formula, MvFormula, bf, mv
from bayesmix.formula.tree import Call
from bayesmix.priors import Prior, prior
from bayesmix.spec import ModelSpec, Response
from bayesmix.storage.archive import Stored
from bayesmix.storage.labels import put_together, take_apart

FOLDER = "training data"
"""Group of the arrays; its space keeps it apart from the groups of a fit's tree."""

Functions = Mapping[str, Callable[..., Any]]


def write_recipe(spec: ModelSpec) -> tuple[dict[str, Any], dict[str, Stored]]:
    """All that `read_recipe` needs to make the spec again.

    Raises
    ------
    StorageError
        If the family or a column is of a kind that a file can't hold.
    """
    _check_whole(spec)
    frame, arrays = write_frame(spec.design.frame, FOLDER)
    data2, matrices = _data2_apart(spec.design.data2)
    recipe = {
        **_formulas_apart(spec),
        "priors": [_prior_apart(p) for p in spec.user_priors],
        "default_priors": spec.defaults,
        "functions": list(user_functions(spec)),
        "frame": frame,
        "data2": data2,
        "fingerprint": _fingerprint(spec),
    }
    return recipe, arrays | matrices


def read_recipe(
    recipe: Mapping[str, Any],
    arrays: Mapping[str, Stored],
    functions: Functions | None,
    custom: Family | None = None,
) -> ModelSpec:
    """The spec, built by the same steps as the first time.

    Raises
    ------
    StorageError
        If a function that the formula uses isn't given, or gives other values than it did; if the
        family is the user's own and isn't given in `custom`.
    """
    needed = recipe["functions"]
    missing = [name for name in needed if name not in (functions or {})]
    if missing:
        raise StorageError(
            f"The formula uses functions of yours, which a file can't keep: {listed(missing)}. "
            f"Pass them again: namespace={{{missing[0]!r}: …}}."
        )
    formula, families = _formulas_together(recipe, custom)
    spec = build_spec(
        formula,
        read_frame(recipe["frame"], arrays, FOLDER),
        families,
        [prior(**p) for p in recipe["priors"]],
        {name: functions[name] for name in needed},
        _data2_together(recipe.get("data2", {}), arrays),
        default_priors=recipe.get("default_priors", "brms"),
    )
    _check_fingerprint(spec, recipe["fingerprint"], needed)
    return spec


def user_functions(spec: ModelSpec) -> tuple[str, ...]:
    """The functions that the formula calls and the package doesn't have, or has otherwise."""
    given = spec.design.functions
    if not given:
        return ()
    # Here, for it imports formulae and splines.
    from bayesmix.design.namespace import FUNCTIONS

    called = sorted(_called(spec.formula))
    return tuple(f for f in called if given.get(f) is not FUNCTIONS.get(f))


def _called(node: Any) -> set[str]:
    """The functions called anywhere in a formula's tree."""
    if isinstance(node, tuple):
        return set().union(*map(_called, node))
    if not is_dataclass(node):
        return set()
    inside = _called(tuple(getattr(node, f.name) for f in fields(node)))
    return inside | {node.function} if isinstance(node, Call) else inside


def _formulas_apart(spec: ModelSpec) -> dict[str, Any]:
    """A formula and a family, or for each of several responses its own."""
    formulas = [_formula_apart(r.formula) for r in spec.responses]
    families = [_family_apart(r) for r in spec.responses]
    if not spec.several:
        return {"formula": formulas[0], "family": families[0]}
    return {"formula": {"each": formulas, "rescor": spec.formula.rescor}, "family": families}


def _formulas_together(
    recipe: Mapping[str, Any], custom: Family | None
) -> tuple[Formula | MvFormula, list[Family]]:
    about, families = recipe["formula"], recipe["family"]
    if "each" not in about:
        return bf(about["mu"], **about["dpars"]), [_family_together(families, custom)]
    made = mv(*(bf(f["mu"], **f["dpars"]) for f in about["each"]), rescor=about["rescor"])
    return made, [_family_together(f, custom) for f in families]


def _formula_apart(formula: Formula) -> dict[str, Any]:
    dpars = {dpar: p.source for dpar, p in formula.predictors[1:]} | dict(formula.fixed)
    dpars |= {} if formula.mu.nonlinear is None else {"nl": True}
    dpars |= {} if formula.mecor else {"mecor": False}
    if bf(formula.mu.source, **dpars) != replace(formula, tied=()):
        raise StorageError(
            "The model's formula was not made by bf() and can't be saved. Make it by bf(), or "
            "keep fit.idata alone: fit.idata.to_netcdf()."
        )
    return {"mu": formula.mu.source, "dpars": dpars | dict(formula.tied)}


def _family_apart(response: Response) -> dict[str, Any]:
    made, data, formula = response.family, response.data, response.formula
    about = _told(response.asked)
    if response.asked.custom:
        return {**about, "custom": True}
    known = _family_together(about, None).settled(dict(formula.fixed), dict(formula.tied))
    flags = flags_of(formula.response)
    ready = known.for_response(data.y, data.levels, data.aux, flags, data.counts)
    if specified(ready, formula) != made:
        raise StorageError(
            f"{made!r} is no family of the package and can't be saved. Make it by custom_family(), "
            "or keep fit.idata alone: fit.idata.to_netcdf()."
        )
    return about


def _told(asked: Family) -> dict[str, Any]:
    """A family's name, and what differs from the usual; of a mixture those of its components."""
    links = {f"link_{d.name}": d.link for d in asked.dpars}
    if not asked.parts:
        links = {"link": links.pop(f"link_{asked.dpars[0].name}"), **links}
    links |= {o.name: o.value for o in asked.options if o.value != o.default}
    parts = {"parts": [_told(part) for part in asked.parts]} if asked.parts else {}
    return {"name": asked.name, "links": links, **parts}


def _check_whole(spec: ModelSpec) -> None:
    """Baseline hazards and thresholds are made of the data again, and must be the same then."""
    for part in spec.parts:
        data, asked = part.response.data, part.response.asked
        if data.baseline is None and not data.counts:
            continue
        on = part.design.frame, part.design.functions
        again = build_response(part.formula.response, asked, *on)
        made = again.baseline, again.strata, again.counts
        if made != (data.baseline, data.strata, data.counts):
            what = "thresholds" if data.counts else "baseline hazard"
            raise StorageError(
                f"A model of some rows that has the {what} of all can't be saved. Make the model "
                "of those rows by itself: model.update(data=…)."
            )


def _family_together(about: Mapping[str, Any], custom: Family | None) -> Family:
    """The family by its name; one that the user made has to be given."""
    if not about.get("custom"):
        parts = [_family_together(part, None) for part in about.get("parts", ())]
        return family(mixture(*parts) if parts else about["name"], **about["links"])
    if custom is None or custom.name != about["name"]:
        given = "" if custom is None else f" This is {custom.name!r}."
        raise StorageError(
            f"The fit's family {about['name']!r} is one of your own, which a file can't keep. Pass "
            f"it again: family={about['name']}.{given}"
        )
    return family(custom, **about["links"])


def _prior_apart(p: Prior) -> dict[str, Any]:
    """The prior's fields; its numbers with all their digits, which its own text hasn't."""
    names = ("class_", "coef", "group", "dpar", "lb", "ub", "resp")
    return {"prior": p.distribution.source, **{name: getattr(p, name) for name in names}}


def write_frame(frame: pd.DataFrame, folder: str) -> tuple[dict[str, Any], dict[str, Stored]]:
    """What `read_frame` needs; the arrays are put in a folder of their own."""
    columns = [
        _named_apart(f"column_{n}", name, pd.Index(frame[name])) for n, name in enumerate(frame)
    ]
    rows = _named_apart("rows", "the row labels", frame.index)
    arrays = {at: v for _, own in (*columns, rows) for at, v in own.items()}
    about = {"names": list(frame), "columns": [c for c, _ in columns], "rows": rows[0]}
    return about, {f"{folder}/{at}": Stored((f"{at}_n",), v) for at, v in arrays.items()}


def _named_apart(at: str, name: str, index: pd.Index) -> Any:
    try:
        return take_apart(index, at)
    except StorageError as error:
        raise StorageError(f"The fit can't be saved: {name!r} has {error}.") from error


def _own(arrays: Mapping[str, Stored], folder: str) -> dict[str, np.ndarray]:
    """The arrays of a folder, by their names."""
    return {
        path.removeprefix(f"{folder}/"): stored.values
        for path, stored in arrays.items()
        if path.startswith(f"{folder}/")
    }


def read_frame(about: Mapping[str, Any], arrays: Mapping[str, Stored], folder: str) -> pd.DataFrame:
    """The frame that `write_frame` was given."""
    own = _own(arrays, folder)
    columns = [put_together(c, own).array for c in about["columns"]]
    rows = put_together(about["rows"], own)
    return pd.DataFrame(dict(zip(about["names"], columns, strict=True)), index=rows)


def _data2_apart(
    data2: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, Any], dict[str, Stored]]:
    """The matrices that the formula names, their labels as text."""
    about, arrays = {}, {}
    for n, (name, matrix) in enumerate(data2.items()):
        labels, own = _named_apart(f"matrix_{n}_labels", name, pd.Index(_texts(matrix.index)))
        columns = list(map(label_key, matrix.columns))
        values = matrix.to_numpy(float)[:, [columns.index(key) for key in _texts(matrix.index)]]
        about[name] = {"at": f"matrix_{n}", "labels": labels}
        arrays |= {f"{FOLDER}/{at}": Stored((f"matrix_{n}_n",), v) for at, v in own.items()}
        dims = (f"matrix_{n}_n", f"matrix_{n}_n2")
        arrays[f"{FOLDER}/matrix_{n}"] = Stored(dims, values)
    return about, arrays


def _texts(index: pd.Index) -> list[str]:
    return list(map(label_key, index))


def _data2_together(
    about: Mapping[str, Any], arrays: Mapping[str, Stored]
) -> dict[str, pd.DataFrame]:
    own = _own(arrays, FOLDER)
    labels = {name: put_together(m["labels"], own) for name, m in about.items()}
    return {n: pd.DataFrame(own[m["at"]], labels[n], labels[n]) for n, m in about.items()}


def _fingerprint(spec: ModelSpec) -> list[float]:
    """Numbers that change if the same formula and data give another design."""
    return [number for part in spec.parts for number in _numbers(part)]


def _numbers(spec: ModelSpec) -> list[float]:
    """Those of one response."""
    predictors, rows = spec.design.predictors, len(spec.design.frame)
    parts = (c for p in predictors for c in p.contributions)
    found = (c.values for c in parts if not isinstance(c, Offset | LatentResiduals))
    matrices = [values.reshape(rows, -1) for values in found if values.size]
    vectors = [*(r.y for r in spec.design.responses), *(p.offset for p in predictors)]
    columns = [*(m[:, k] for m in matrices for k in range(m.shape[1])), *vectors]
    weights = np.linspace(1.0, 2.0, rows)
    return [float(weights @ c / rows) for c in columns]


def _check_fingerprint(spec: ModelSpec, expected: list[float], functions: list[str]) -> None:
    found = _fingerprint(spec)
    if len(found) == len(expected) and np.allclose(found, expected, rtol=1e-6, atol=1e-9):
        return
    whose = f"the functions in namespace= ({listed(functions)})" if functions else "this bayesmix"
    raise StorageError(
        f"The model is another than was saved: {whose} made other columns of it. Read it with what "
        "it was saved with, or fit it again."
    )
