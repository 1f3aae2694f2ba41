"""What a user's type checker sees of the package; checked by mypy, never run."""

from __future__ import annotations

from typing import assert_type

import pandas as pd
import xarray as xr

import bayesmix as bx

sleep = bx.load_dataset("sleepstudy")
assert_type(sleep, pd.DataFrame)

formula = bx.bf("Reaction ~ 1 + Days + (1 + Days | Subject)", sigma="1 + Days")
assert_type(formula, bx.Formula | bx.MvFormula)
slopes = bx.prior("normal(0, 20)", "b")
assert_type(slopes, bx.Prior)

model = bx.Model(formula, sleep, family=bx.family("student"), prior=[slopes])
assert_type(model.priors, pd.DataFrame)
assert_type(model.formula, bx.Formula | bx.MvFormula)
assert_type(model.sample_prior(random_seed=1), xr.DataTree)
assert_type(model.update(". ~ . + (1 | Days)"), bx.Model)

fit = model.fit(draws=500, random_seed=1)
assert_type(fit, bx.Fit)
assert_type(bx.brm("Reaction ~ Days", sleep, file="fit"), bx.Fit)
assert_type(bx.load("fit.bx"), bx.Fit)
assert_type(bx.brm_multiple("Reaction ~ Days", [sleep, sleep], random_seed=1), bx.MultipleFit)
assert_type(fit.idata, xr.DataTree)
assert_type(fit.fixef(), pd.DataFrame)
assert_type(fit.ranef()["Subject"], pd.DataFrame)
assert_type(fit.posterior_epred(re_formula=bx.NA), xr.DataArray)
assert_type(fit.posterior_predict(allow_new_levels=True, random_seed=2), xr.DataArray)
assert_type(fit.log_lik(), xr.DataArray)
assert_type(fit.fitted(), pd.DataFrame)
