"""The reference cases: models, draws, and what brms computes from these very draws.

Each folder of ``reference`` is one model that brms 2.18 fitted briefly (chains are short; only the
arithmetic matters). ``spec.json`` has the formula, ``meta.json`` the columns' types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.bridge import from_brms
from bayesmix.families import Family, family, mixture
from bayesmix.fit import Fit
from bayesmix.formula import Formula, MvFormula, bf, mv
from bayesmix.model import Model
from bayesmix.predict import NA
from bayesmix.priors import Prior, prior

FOLDER = Path(__file__).parent / "reference"
TRAIN_ROWS = 40
TOLERANCES = {"g_gp": 1e-3}
"""A covariance matrix whose least eigenvalues are 1e-12 leaves four digits of its root: what brms
has differs from the same in fifty digits by as much as this does."""


@dataclass(frozen=True)
class Case:
    """One reference case."""

    name: str

    @property
    def tolerance(self) -> float:
        return TOLERANCES.get(self.name, 1e-8)

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @cached_property
    def spec(self) -> dict[str, Any]:
        return json.loads((self.folder / "spec.json").read_text())

    @cached_property
    def columns(self) -> dict[str, dict[str, Any]]:
        return json.loads((self.folder / "meta.json").read_text())["columns"]

    @property
    def true_values_of_rows(self) -> bool:
        """Whether rows have true values of their own, which are drawn for all newdata."""
        return any(m.group is None for m in self.model.spec.design.measured)

    @property
    def formula(self) -> Formula | MvFormula:
        text = self.spec["formula"]
        called = text.startswith(("bf(", "mv("))
        return eval(text, {"bf": bf, "mv": mv}) if called else bf(text)

    @property
    def family(self) -> Family:
        about = dict(self.spec["family"])
        parts = about.pop("parts", ())
        return mixture(*parts) if parts else family(**about)

    @property
    def priors(self) -> list[Prior]:
        return [prior(**{k: v for k, v in p.items() if v}) for p in self.spec["prior"]]

    @cached_property
    def data(self) -> pd.DataFrame:
        return self.frame("data")

    @cached_property
    def model(self) -> Model:
        return self.model_with(self.priors)

    @cached_property
    def fit(self) -> Fit:
        return from_brms(self.model, self.folder / "draws.csv")

    def model_with(self, priors: list[Prior]) -> Model:
        return Model(self.formula, self.data, self.family, priors, data2=self.matrices)

    @cached_property
    def matrices(self) -> dict[str, pd.DataFrame]:
        """The matrices that the formula names."""
        names = [p.stem for p in self.folder.glob("?.csv")]
        return {n: pd.read_csv(self.folder / f"{n}.csv", index_col=0) for n in names}

    def frame(self, stem: str) -> pd.DataFrame:
        """Data of the case, its columns typed as they were in R."""
        text = pd.read_csv(self.folder / f"{stem}.csv", dtype=str, keep_default_na=False)
        return text.apply(self._typed)

    @cached_property
    def complete(self) -> np.ndarray:
        """The rows that miss no value."""
        return self.data.notna().all(axis=1).to_numpy()

    def values(self, stem: str) -> np.ndarray:
        return pd.read_csv(self.folder / f"{stem}.csv").to_numpy(float)

    def table(self, stem: str) -> pd.DataFrame:
        return pd.read_csv(
            self.folder / f"{stem}.csv",
            dtype={"level": str, "name": str, "prior": str},
            keep_default_na=False,
        )

    def stems(self, start: str) -> list[str]:
        return sorted(p.stem for p in self.folder.glob(f"{start}*.csv"))

    def re_formula(self, variant: str) -> Any:
        return {"None": None, "NA": NA}.get(text := self.spec["re_formula"][variant], text)

    def predictions(self) -> Iterator[Prediction]:
        """Every file of predictions: ``epred_sigma__old__all``."""
        for stem in self.stems("linpred") + self.stems("epred"):
            kind, data, variant, *category = stem.split("__")
            method, _, dpar = kind.partition("_")
            yield Prediction(self, stem, method, dpar or None, data, variant, *category)

    def _typed(self, column: pd.Series) -> pd.Series:
        about = self.columns[column.name]
        if about["class"] in ("factor", "ordered"):
            dtype = pd.CategoricalDtype(about["levels"], about["ordered"])
            return column.astype(dtype)
        if about["class"] == "numeric":
            return pd.to_numeric(column.where(column != "")).astype("float64")
        types = {"integer": "int64", "character": "str"}
        return column.astype(types[about["class"]])


@dataclass(frozen=True)
class Prediction:
    """What brms predicted for some rows under some ``re_formula``."""

    case: Case
    stem: str
    method: str
    dpar: str | None
    data: str
    variant: str
    category: str | None = None

    @property
    def expected(self) -> np.ndarray:
        return self.case.values(self.stem)

    @property
    def newdata(self) -> pd.DataFrame:
        if self.data == "train":
            return self.case.data.head(TRAIN_ROWS)
        return self.case.frame(f"newdata__{self.data}")

    def made(self, newdata: pd.DataFrame | None) -> np.ndarray:
        """The same from the fit; with None for the rows that it was fitted to."""
        method = getattr(self.case.fit, f"posterior_{self.method}")
        re_formula = self.case.re_formula(self.variant)
        several = self.case.model.spec.several
        resp = {"resp": self.category} if several else {}
        made = method(newdata, re_formula=re_formula, dpar=self.dpar, **resp)
        if self.category is None or several:
            return made.to_numpy()
        labels = [str(label) for label in made[made.dims[-1]].to_numpy()]
        # Predictors are numbered, those of categories; expectations have their labels.
        numbered = self.method == "linpred"
        at = int(self.category) - 1 if numbered else labels.index(self.category)
        return made[..., at].to_numpy()


@cache
def cases() -> tuple[Case, ...]:
    """All cases, each loaded once."""
    return tuple(Case(p.name) for p in sorted(FOLDER.iterdir()) if p.is_dir())
