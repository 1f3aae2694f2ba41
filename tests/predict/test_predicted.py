"""Chunks of rows: on several cores, summarised, averaged, written; always the same numbers."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix.errors import StorageError
from bayesmix.predict import linpred, threads
from bayesmix.statistics import summarise

from ..support import frame, given_fit

DATA = frame()
FIT = given_fit("count ~ x + (1 + x | g) + (1 | k)", DATA, "poisson")
GRADES = given_fit("grade ~ x + (1 | g)", DATA, "cumulative")
METHODS = ["posterior_linpred", "posterior_epred", "posterior_predict", "log_lik"]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linpred, "SCRATCH", 40 * 7)


@pytest.mark.parametrize("method", METHODS)
def test_numbers_dont_hang_on_the_cores(
    method: str, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(threads, "cores", lambda cores=cores: cores)
        made.append(getattr(FIT, method)(random_seed=1))
    for other in made[1:]:
        xr.testing.assert_identical(made[0], other)


def test_order_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 4)
    assert list(threads.in_order(lambda i: i * i, range(50))) == [i * i for i in range(50)]

    def fails(i: int) -> int:
        raise StorageError("no")

    with pytest.raises(StorageError):
        list(threads.in_order(fails, range(9)))


def test_a_progress_bar_for_what_is_long(
    small_chunks: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = FIT.fitted()
    monkeypatch.setattr(threads, "LONG", 2)
    assert FIT.fitted().equals(plain)


def by_hand(draws: xr.DataArray) -> pd.DataFrame:
    flat = draws.to_numpy().reshape(draws.sizes["sample"], -1)
    return summarise(flat, pd.RangeIndex(flat.shape[1]), (0.025, 0.975), False)


@pytest.mark.parametrize("fit", [FIT, GRADES])
@pytest.mark.parametrize("clusters", [None, "fitted", "population"])
def test_tables_chunk_by_chunk(fit: Any, clusters: str | None, small_chunks: None) -> None:
    grid = DATA if clusters is None else pd.DataFrame({"x": np.linspace(1, 4, 20)})
    table = fit.fitted(grid, clusters=clusters)
    expected = by_hand(fit.posterior_epred(grid, clusters=clusters))
    np.testing.assert_allclose(table.to_numpy(), expected.to_numpy())
    responses = FIT.predict(grid, clusters=clusters, random_seed=1)
    drawn = FIT.posterior_predict(grid, clusters=clusters, random_seed=1)
    np.testing.assert_allclose(responses.to_numpy(), by_hand(drawn).to_numpy())


def test_averages_chunk_by_chunk(small_chunks: None) -> None:
    each = FIT.posterior_epred()
    made = FIT.avg_predictions(by="g")
    expected = each.groupby(xr.DataArray(DATA["g"].to_numpy(), dims="obs")).mean()
    np.testing.assert_allclose(made.values, expected)


def test_tables_hold_no_draws_times_rows() -> None:
    rows = pd.DataFrame({"x": np.linspace(1, 4, 20_000), "g": "p", "k": 4})
    FIT.fitted(rows.head())
    whole = 40 * len(rows) * 8
    tracemalloc.start()
    FIT.fitted(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Chunks on every core and what is sorted of them.
    assert peak < 0.3 * whole + 8 * 8 * linpred.SCRATCH * min(threads.cores(), 8)


@pytest.mark.parametrize("method", METHODS)
def test_stores(method: str, small_chunks: None, tmp_path: Path) -> None:
    made = getattr(FIT, method)(random_seed=1, to_zarr=tmp_path / "store")
    expected = getattr(FIT, method)(random_seed=1)
    assert made.dims == expected.dims
    assert made.dtype == expected.dtype
    np.testing.assert_array_equal(made, expected)
    np.testing.assert_array_equal(made["chain"], expected["chain"])
    np.testing.assert_array_equal(made["draw"], expected["draw"])
    np.testing.assert_array_equal(made["obs"], expected["obs"])
    with pytest.raises(StorageError, match="is there already"):
        getattr(FIT, method)(to_zarr=tmp_path / "store")


def test_stores_of_clusters_and_categories(small_chunks: None, tmp_path: Path) -> None:
    grid = pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=["a", "b", "c"])
    how = {"clusters": "fitted", "newdata": grid}
    made = GRADES.posterior_epred(**how, to_zarr=tmp_path / "grades")
    expected = GRADES.posterior_epred(**how)
    assert made.dims == ("sample", "obs", "g", "category")
    np.testing.assert_array_equal(made, expected)
    assert made["g"].to_numpy().tolist() == list("pqrstu")
    assert made["obs"].to_numpy().tolist() == ["a", "b", "c"]
    assert made.attrs["clusters"] == "g: fitted"
    crossed = FIT.posterior_epred(**how, to_zarr=tmp_path / "crossed")
    np.testing.assert_array_equal(crossed, FIT.posterior_epred(**how))
    assert set(crossed.coords) >= {"g", "k", "chain", "draw", "obs"}
