from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix.build import build_spec
from bayesmix.errors import SamplingError
from bayesmix.parameters import labels
from bayesmix.sampling import Settings
from bayesmix.sampling.collect import collect

CHAINS, DRAWS = 2, 30
SETTINGS = Settings(draws=DRAWS, chains=CHAINS, random_seed=4)


def test_names_and_dims_are_those_of_the_design(spec, made):
    idata = collect(spec, made(spec), SETTINGS)
    dims = {name: v.dims[2:] for name, v in idata["posterior"].data_vars.items()}
    assert dims == {
        "b": ("coef",),
        "b_sigma": ("sigma_coef",),
        "sd_g": ("g_coef",),
        "cor_g": ("g_coef", "g_coef2"),
        "r_g": ("g", "g_coef"),
    }
    assert set(idata.children) == {"posterior", "sample_stats", "observed_data"}
    assert all(v.dims[:2] == ("chain", "draw") for v in idata["posterior"].data_vars.values())


def test_coordinates_hold_the_users_labels(spec, made):
    posterior = collect(spec, made(spec), SETTINGS)["posterior"]
    assert posterior["g"].to_numpy().tolist() == ["b", "a", "c"]
    assert posterior["coef"].to_numpy().tolist() == ["Intercept", "x"]
    assert posterior["g_coef"].to_numpy().tolist() == ["Intercept", "x", "sigma_Intercept"]
    assert posterior["draw"].to_numpy().tolist() == list(range(DRAWS))


def test_by_leads_the_dims_of_sd_and_cor(by_spec, made):
    posterior = collect(by_spec, made(by_spec), SETTINGS)["posterior"]
    assert posterior["sd_g"].dims[2:] == ("t", "g_coef")
    assert posterior["cor_g"].dims[2:] == ("t", "g_coef", "g_coef2")
    assert posterior["t"].to_numpy().tolist() == ["old", "new"]


def test_values_are_kept_and_those_of_the_user_beside_them(spec, made):
    raw = made(spec)
    raw.posterior["own"] = np.zeros((CHAINS, DRAWS, 3))
    posterior = collect(spec, raw, SETTINGS)["posterior"]
    assert posterior["own"].dims == ("chain", "draw", "own_dim_0")
    np.testing.assert_array_equal(posterior["r_g"], raw.posterior["r_g"])


def test_integer_levels_stay_integers(made, frame):
    spec = build_spec("y ~ 1 + (1 | g)", frame(levels=(308, 309, 310)))
    posterior = collect(spec, made(spec), SETTINGS)["posterior"]
    assert posterior["g"].dtype == np.int64
    assert float(posterior["r_g"].sel(g=309).isel(chain=0, draw=0, g_coef=0)) == pytest.approx(
        float(posterior["r_g"][0, 0, 1, 0])
    )


def test_statistics_have_arviz_names_and_plain_types(spec, made):
    stats = {
        "tree_depth": np.full((CHAINS, DRAWS), 3, np.uint64),
        "lp": np.ones((CHAINS, DRAWS)),
        "divergence_message": np.full((CHAINS, DRAWS), None, object),
    }
    found = collect(spec, made(spec, **stats), SETTINGS)["sample_stats"]
    assert {n: v.dtype.kind for n, v in found.data_vars.items()} == {
        "lp": "f",
        "diverging": "b",
        "tree_depth": "i",
    }


def test_the_response_keeps_its_row_labels(made, frame):
    data = frame().set_axis(pd.date_range("2020-01-01", periods=24), axis="index")
    spec = build_spec("y ~ 1", data)
    observed = collect(spec, made(spec), SETTINGS)["observed_data"]
    assert observed["y"].dims == ("obs",)
    assert observed["obs"].dtype.kind == "M"
    np.testing.assert_array_equal(observed["y"], data["y"])


def test_what_ran_is_recorded(spec, made):
    attrs = collect(spec, made(spec), SETTINGS)["posterior"].attrs
    assert attrs["sampler"] == attrs["inference_library"] == "nutpie"
    assert (attrs["random_seed"], attrs["sampling_time"], attrs["tuning_steps"]) == (4, 1.5, 1000)
    assert attrs["target_accept"] == 0.8


@pytest.mark.parametrize("seed", [None, np.random.default_rng(1), np.random.SeedSequence(1)])
def test_a_seed_that_is_no_number_is_not_recorded(spec, seed, made):
    settings = Settings(draws=DRAWS, chains=CHAINS, random_seed=seed)
    assert "random_seed" not in collect(spec, made(spec), settings)["posterior"].attrs


@pytest.mark.parametrize("response", ["y", "log(y ** 2)", "I(y / 2)"])
def test_a_tree_survives_a_file(tmp_path, response, made, frame):
    data = frame().assign(**{"a": np.tile(["p", "q"], 12)})
    spec = build_spec(f"{response} ~ x + (1 + x | g) + (1 | g:a)", data)
    settings = Settings(draws=DRAWS, chains=CHAINS, random_seed=2**70)
    idata = collect(spec, made(spec), settings)
    idata.to_netcdf(tmp_path / "fit.nc")
    with xr.open_datatree(tmp_path / "fit.nc") as again:
        xr.testing.assert_identical(again.load(), idata)


def test_a_chain_without_a_number_is_an_error(spec, made):
    raw = made(spec)
    raw.posterior["sd_g"][1] = np.nan
    with pytest.raises(SamplingError, match="Chain 1 has no finite value of 'sd_g'"):
        collect(spec, raw, SETTINGS)


def test_one_infinite_draw_is_kept(spec, made):
    raw = made(spec)
    raw.posterior["b"][0, 0, 0] = np.inf
    assert np.isinf(collect(spec, raw, SETTINGS)["posterior"]["b"]).sum() == 1


def test_draws_of_another_shape_are_refused(spec, made):
    raw = made(spec)
    short = replace(raw, posterior=raw.posterior | {"b": raw.posterior["b"][:, :-1]})
    with pytest.raises(ValueError, match="conflicting sizes"):
        collect(spec, short, SETTINGS)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([1, 2], [1, 2]),
        ([1.5, 2.0], [1.5, 2.0]),
        (["a", "b"], ["a", "b"]),
        ([True, False], [True, False]),
        ([1, "a"], ["1", "a"]),
        ([(1, 2), (1, 3)], ["(1, 2)", "(1, 3)"]),
        ([date(2020, 1, 2)], ["2020-01-02"]),
        ([pd.Interval(0, 1)], ["(0, 1]"]),
        ([pd.Timestamp("2020", tz="UTC")], ["2020-01-01 00:00:00+00:00"]),
        ([pd.Timestamp("2020")], [pd.Timestamp("2020")]),
    ],
)
def test_labels_are_what_a_file_can_hold(given, wanted):
    assert labels(given) == tuple(wanted)
