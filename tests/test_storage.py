from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix.errors import StorageError
from bayesmix.families import family
from bayesmix.fit import Fit
from bayesmix.formula import bf
from bayesmix.loading import load
from bayesmix.model import Model
from bayesmix.predict import NA
from bayesmix.priors import prior
from bayesmix.storage import seal

from .reference_cases import Case, cases
from .support import fit_of

ROWS = 24


def frame(**columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    own = {"x": rng.normal(size=ROWS), "y": rng.normal(size=ROWS)}
    return pd.DataFrame(own | {k: np.resize(np.array(v), ROWS) for k, v in columns.items()})


def simple_fit(**columns: Any) -> Fit:
    return fit_of(Model("y ~ x + (1 + x | g)", frame(g=["a", "b", "c"], **columns)))


def again(fit: Fit, folder: Path, **kwargs: Any) -> Fit:
    """The fit saved and loaded; what must hold for all of them is checked on the way."""
    loaded = load(fit.save(folder / "fit.nc"), **kwargs)
    assert_same_tree(loaded.idata, fit.idata)
    before, after = fit.model.spec.design, loaded.model.spec.design
    pd.testing.assert_frame_equal(after.frame, before.frame, check_freq=False)
    assert after.spine == before.spine
    for old, new in zip(before.groups, after.groups, strict=True):
        assert new.levels == old.levels
        assert [type(v) for v in new.levels] == [type(v) for v in old.levels]
    assert loaded.model.spec.user_priors == fit.model.spec.user_priors
    pd.testing.assert_frame_equal(loaded.model.priors, fit.model.priors)
    np.testing.assert_array_equal(loaded.log_density(), fit.log_density())
    methods = ["posterior_linpred", "log_lik"]
    # Times of proportional hazards have no mean, and can't be drawn; some shares have no mean.
    names = {r.family.name for r in fit.model.spec.responses}
    methods += ["posterior_epred"] if not names & {"cox", "logistic_normal"} else []
    methods += ["posterior_predict"] if "cox" not in names else []
    for method in methods:
        old, new = (getattr(f, method)(random_seed=3) for f in (fit, loaded))
        xr.testing.assert_identical(new, old)
    return loaded


def assert_same_tree(new: xr.DataTree, old: xr.DataTree) -> None:
    assert new.identical(old)
    assert new.groups == old.groups
    for path in old.groups:
        for name, variable in old[path].variables.items():
            assert new[path].variables[name].dtype == variable.dtype


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.name)
def test_every_reference_case_comes_back(case: Case, tmp_path: Path) -> None:
    loaded = again(case.fit, tmp_path)
    pd.testing.assert_frame_equal(loaded.fixef(), case.fit.fixef())


def test_predictions_for_new_data_and_new_levels_are_the_same(tmp_path: Path) -> None:
    fit = simple_fit()
    new = pd.DataFrame({"x": [0.1, 5.0, -2.0], "g": ["b", "new", None]})
    loaded = again(fit, tmp_path)
    for how in ("uncertainty", "old_levels", "gaussian"):
        options = {"allow_new_levels": True, "sample_new_levels": how, "random_seed": 4}
        xr.testing.assert_identical(
            loaded.posterior_predict(new, **options), fit.posterior_predict(new, **options)
        )
    xr.testing.assert_identical(
        loaded.posterior_epred(new, re_formula=NA), fit.posterior_epred(new, re_formula=NA)
    )


def test_predictions_for_unordered_new_data_use_what_transforms_learnt(tmp_path: Path) -> None:
    fit = fit_of(
        Model("y ~ poly(x, 2) * f + scale(z)", frame(f=["u", "v", "w"], z=[1, 4, 2, 8, 0]))
    )
    new = pd.DataFrame({"x": [0.5, -0.2], "z": [3, 1], "f": ["w", "u"]})
    xr.testing.assert_identical(again(fit, tmp_path).posterior_epred(new), fit.posterior_epred(new))


@pytest.mark.parametrize(
    "levels",
    [
        ["b", "a", "c"],
        [3, 1, 2],
        [0.5, 1.25, -2.0],
        [True, False],
        ["ä/ö", "x:y", "%2F", "", " a ", "日本", "a\tb", "'\"\\", "NA", "nan"],
        ["a\0b", "a\0c", "plain"],
        pd.Categorical(["lo", "hi", "mid"], categories=["lo", "mid", "hi"], ordered=True),
        pd.Categorical([2, 10, 1], categories=[10, 2, 1]),
        pd.Categorical([True, False], categories=[True, False]),
        pd.Categorical([0.1, 0.2], categories=[0.2, 0.1]),
        pd.Categorical(["a", 1, 2.5], categories=["a", 2.5, 1]),
        pd.cut([1.0, 2.0, 3.0], bins=[0, 1, 2, 4]),
        pd.Categorical(pd.to_datetime(["2024-01-02", "2023-05-06"])),
    ],
    ids=lambda v: str(list(v))[:30].encode("ascii", "replace").decode(),
)
def test_levels_of_every_kind(levels: Any, tmp_path: Path) -> None:
    rows = np.resize(np.arange(len(levels)), ROWS)
    data = frame()
    data["g"] = (
        levels.take(rows) if isinstance(levels, pd.Categorical) else [levels[i] for i in rows]
    )
    fit = fit_of(Model("y ~ x + (1 | g)", data))
    again(fit, tmp_path)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 5 + 2 * ROWS, 2, name="n"),
        pd.Index(np.arange(ROWS)[::-1]),
        pd.Index([f"row {i}" for i in range(ROWS)], name="who"),
        pd.Index(np.linspace(0, 1, ROWS)),
        pd.date_range("2024-01-01", periods=ROWS, freq="D"),
        pd.Index(["a", "b"] * (ROWS // 2)),
    ],
    ids=["range", "int", "text", "float", "dates", "repeated"],
)
def test_row_labels_of_every_kind(index: pd.Index, tmp_path: Path) -> None:
    fit = fit_of(Model("y ~ x + (1 | g)", frame(g=[1, 2, 3]).set_axis(index)))
    again(fit, tmp_path)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+02:00"])
def test_row_labels_with_a_time_zone(zone: str, tmp_path: Path) -> None:
    index = pd.date_range("2024-03-30", periods=ROWS, freq="h", tz=zone)
    fit = fit_of(Model("y ~ x", frame().set_axis(index)))
    loaded = load(fit.save(tmp_path / "fit.nc"))
    pd.testing.assert_index_equal(loaded.model.data.index, index, exact=True, check_freq=False)


def test_names_of_every_kind(tmp_path: Path) -> None:
    size = np.linspace(0, 1, ROWS) ** 2
    names = {"größe in cm": size, "g.1": ["a", "b"], "h": ["u", "v", "w"], "%x": [1, 4, 2, 2, 7]}
    formula = "y ~ `größe in cm` * h + `%x` + (1 + `größe in cm` | g.1/h)"
    again(fit_of(Model(formula, frame(**names))), tmp_path)


def test_distributional_models_links_and_priors(tmp_path: Path) -> None:
    model = Model(
        bf("y | weights(w) ~ x + (1 | s | gr(g, by=t))", sigma="0 + f + (1 | s | gr(g, by=t))"),
        frame(g=["a", "b", "c", "d"], t=["k", "l"], f=["u", "v", "w"], w=[1.0, 2.0]),
        family("student", link_sigma="softplus"),
        [
            prior("normal(0.12345678901234567, 1e-7)", "b", coef="x"),
            prior("", "b", dpar="sigma", lb=-1 / 3),
            prior("lkj(2.5)", "cor"),
            prior("exponential(0.1)", "sd", group="g"),
        ],
    )
    loaded = again(fit_of(model), tmp_path)
    assert loaded.model.family == model.family
    assert loaded.model.formula == model.formula
    assert str(loaded.model.formula) == str(model.formula)


def test_the_layout_of_the_draws_in_memory_makes_no_difference(tmp_path: Path) -> None:
    data = frame(h=np.linspace(0, 1, ROWS) ** 2, z=[1, 4, 2, 8, 0], g=["a", "b", "c", "d"])
    fit = fit_of(Model("y ~ x * h * z + (1 + x | g)", data), draws=50)
    posterior = fit.idata["posterior"].to_dataset()
    turned = posterior.transpose(..., "draw", "chain").copy(deep=True)
    other = Fit(fit.model, xr.DataTree.from_dict({"posterior": turned}))
    loaded = load(other.save(tmp_path / "fit.nc"))
    xr.testing.assert_identical(loaded.posterior_linpred(), other.posterior_linpred())
    xr.testing.assert_identical(loaded.posterior_linpred(), fit.posterior_linpred())


def test_trials_and_two_level_responses(tmp_path: Path) -> None:
    counts = frame(n=[5, 6, 7], k=[1, 2, 3])
    again(fit_of(Model("k | trials(n) ~ x", counts, "binomial")), tmp_path)
    answers = frame(answer=["no", "yes", "no"])
    again(fit_of(Model("answer ~ x", answers, family("bernoulli", "cloglog"))), tmp_path)


def test_rows_that_were_left_out_stay_out(tmp_path: Path) -> None:
    data = frame(g=["a", "b"])
    data.loc[[0, 7], "x"] = np.nan
    with pytest.warns(match="2 of 24 rows are left out"):
        fit = fit_of(Model("y ~ x + (1 | g)", data))
    assert len(again(fit, tmp_path).model.data) == ROWS - 2


def test_what_users_add_to_idata_comes_back(tmp_path: Path) -> None:
    fit = simple_fit()
    fit.idata.attrs = {"note": "ü", "list": [1, 2.5, None], "flag": True, "inner": {"a": "b"}}
    fit.idata["posterior"].attrs["sampling_time"] = 1.5
    fit.idata["posterior"]["sigma"].attrs["unit"] = "ms"
    extra = xr.Dataset(
        {
            "when": ("t", np.array(["2024-01-01", "NaT"], "M8[ns]")),
            "ok": ("t", np.array([True, False])),
            "small": ("t", np.array([1.5, np.nan], np.float32)),
            "text": ("t", np.array(["ab", "c"])),
            "mixed": ("t", np.array(["a", 1], object)),
            "none": ((), np.array(3, np.int16)),
        },
        coords={"t": ["u", "v"], "other": ("t", [1, 2])},
    )
    fit.idata["my/deep group"] = xr.DataTree(extra)
    loaded = again(fit, tmp_path)
    assert loaded.idata.attrs == fit.idata.attrs
    assert loaded.idata["posterior"].attrs == fit.idata["posterior"].attrs
    assert loaded.idata["posterior"]["sigma"].attrs == {"unit": "ms"}
    assert loaded.idata["my/deep group"].to_dataset().coords.keys() == {"t", "other"}


def test_numpy_values_in_attributes_come_back_as_plain_ones(tmp_path: Path) -> None:
    fit = simple_fit()
    fit.idata.attrs = {"one": np.float32(0.5), "many": np.arange(3)}
    loaded = load(fit.save(tmp_path / "fit.nc"))
    assert loaded.idata.attrs == {"one": 0.5, "many": [0, 1, 2]}


def test_the_file_is_netcdf_for_others(tmp_path: Path) -> None:
    fit = simple_fit()
    with xr.open_datatree(fit.save(tmp_path / "fit.nc"), engine="h5netcdf") as tree:
        xr.testing.assert_equal(tree["posterior"].to_dataset(), fit.idata["posterior"].to_dataset())


def test_the_path_may_be_text_or_path_and_comes_back(tmp_path: Path) -> None:
    fit = simple_fit()
    path = tmp_path / "without suffix"
    assert fit.save(str(path)) == path
    assert load(str(path)).idata.identical(fit.idata)


def test_an_existing_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(b"older and longer " * 100_000)
    fit = simple_fit()
    fit.save(path)
    assert load(path).idata.identical(fit.idata)
    assert os.listdir(tmp_path) == ["fit.nc"]


def test_what_was_there_stays_if_saving_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = simple_fit()
    path = fit.save(tmp_path / "fit.nc")
    before = path.read_bytes()
    fit.idata["posterior"]["odd"] = xr.DataArray(np.array([1 + 2j]), dims="n")
    with pytest.raises(StorageError, match=r"'posterior/odd'.*complex128"):
        fit.save(path)

    def full(*args: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("bayesmix.storage.archive.seal", full)
    with pytest.raises(StorageError, match="can't be written: no space left"):
        simple_fit().save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["fit.nc"]


def test_the_file_is_closed_after_loading(tmp_path: Path) -> None:
    fit = simple_fit()
    loaded = load(fit.save(tmp_path / "fit.nc"))
    (tmp_path / "fit.nc").unlink()
    assert loaded.idata.identical(fit.idata)
    assert not [f for f in os.listdir("/proc/self/fd") if str(tmp_path) in _target(f)]


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere/fit.nc", "no folder"),
        ("", "is a folder"),
        (3, "a text or a Path, not 3"),
        (None, "a text or a Path, not None"),
    ],
)
def test_places_that_can_not_be_saved_to(path: Any, message: str, tmp_path: Path) -> None:
    place = tmp_path / path if isinstance(path, str) else path
    with pytest.raises(StorageError, match=message):
        simple_fit().save(place)


def test_what_can_not_be_saved_is_named(tmp_path: Path) -> None:
    fit = simple_fit()
    fit.idata.attrs["odd"] = object()
    with pytest.raises(StorageError, match=r"attributes of '/'.*neither text nor number"):
        fit.save(tmp_path / "fit.nc")
    fit = simple_fit()
    stacked = fit.idata["posterior"].to_dataset()[["sigma"]].stack(sample=("chain", "draw"))
    fit.idata["stacked"] = xr.DataTree(stacked)
    with pytest.raises(StorageError, match=r"'stacked/sample'.*several levels"):
        fit.save(tmp_path / "fit.nc")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return simple_fit().save(tmp_path_factory.mktemp("good") / "fit.nc").read_bytes()


@pytest.mark.parametrize("kept", [0, 4, 8, 100, 3000, -5000, -101, -64, -1])
def test_a_file_cut_off(kept: int, good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(good[:kept])
    with pytest.raises(StorageError, match=r"fit\.nc' is no file that fit\.save\(\) wrote"):
        load(path)


@pytest.mark.parametrize("place", range(9, 12_000, 997))
def test_a_damaged_file(place: int, good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(good[:place] + bytes([good[place] ^ 255]) + good[place + 1 :])
    with pytest.raises(StorageError, match="damaged or changed"):
        load(path)


def _write_text(path: Path) -> None:
    path.write_text("b_Intercept,b_x\n1,2\n")


def _write_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Executes()))


def _write_netcdf(path: Path) -> None:
    xr.Dataset({"b": ("x", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")


@pytest.mark.parametrize("write", [_write_text, _write_pickle, _write_netcdf])
def test_a_foreign_file(write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path / "fit.nc")
    with pytest.raises(StorageError, match="is no file that"):
        load(tmp_path / "fit.nc")


class Executes:
    """Unpickling it fails the test."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("executed",)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="There is no file"):
        load(tmp_path / "fit.nc")
    with pytest.raises(StorageError, match="can't be read"):
        load(tmp_path)
    with pytest.raises(StorageError, match="a text or a Path"):
        load(None)


def _change_value(file: h5py.File) -> None:
    file["posterior/sigma"][0, 0] = 7.0


def _change_header(file: h5py.File) -> None:
    file.attrs["bayesmix"] = file.attrs["bayesmix"].replace("y ~ x", "y ~ 1")


def _delete_variable(file: h5py.File) -> None:
    del file["posterior/sigma"]


@pytest.mark.parametrize("change", [_change_value, _change_header, _delete_variable])
def test_a_file_changed_by_hand(
    change: Callable[[h5py.File], None], good: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(good)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(StorageError, match="changed"):
        load(path)


@pytest.mark.parametrize(
    "change",
    [
        _delete_variable,
        lambda file: file.attrs.__delitem__("bayesmix"),
        lambda file: file.attrs.__setitem__("bayesmix", "{"),
        lambda file: file.attrs.__setitem__("bayesmix", "{}"),
        lambda file: file.attrs.__setitem__("bayesmix", "[1]"),
        lambda file: file.attrs.__setitem__(
            "bayesmix", file.attrs["bayesmix"].replace('"y ~ x', '"y ~ z')
        ),
        lambda file: file.attrs.__setitem__(
            "bayesmix", file.attrs["bayesmix"].replace("gaussian", "nosuch")
        ),
        lambda file: file.attrs.__setitem__(
            "bayesmix", file.attrs["bayesmix"].replace('"y ~ x', '"y ~ exp(x)')
        ),
    ],
)
def test_a_file_changed_and_sealed_again(
    change: Callable[[h5py.File], None], good: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(good)
    with h5py.File(path, "r+") as file:
        change(file)
    seal.seal(path)
    with pytest.raises(StorageError):
        load(path)


def test_a_file_of_a_newer_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "FORMAT", seal.FORMAT + 1)
    path = simple_fit().save(tmp_path / "fit.nc")
    monkeypatch.undo()
    with pytest.raises(StorageError, match=r"format 2 of a newer bayesmix.*Update"):
        load(path)


def twice(x: Any) -> Any:
    return 2.0 * np.asarray(x)


def test_functions_of_the_user_are_passed_again(tmp_path: Path) -> None:
    fit = fit_of(Model("y ~ twice(x)", frame(), namespace={"twice": twice, "unused": abs}))
    path = fit.save(tmp_path / "fit.nc")
    with pytest.raises(StorageError, match=r"functions of yours.*'twice'.*namespace="):
        load(path)
    again(fit, tmp_path, namespace={"twice": twice})


def test_another_function_of_the_same_name_is_refused(tmp_path: Path) -> None:
    path = fit_of(Model("y ~ twice(x)", frame(), namespace={"twice": twice})).save(
        tmp_path / "fit.nc"
    )
    with pytest.raises(StorageError, match=r"another.*'twice'"):
        load(path, namespace={"twice": np.exp})


def test_a_function_in_place_of_a_built_in_one_is_the_users(tmp_path: Path) -> None:
    fit = fit_of(Model("y ~ log(x)", frame(), namespace={"log": twice}))
    with pytest.raises(StorageError, match=r"functions of yours.*'log'"):
        load(fit.save(tmp_path / "fit.nc"))
    again(fit, tmp_path, namespace={"log": twice})


def test_the_next_save_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    code = (
        "import os, sys, bayesmix.storage.archive as archive\n"
        "archive.seal = lambda path: os._exit(9)\n"
        "from pathlib import Path\n"
        f"archive.write(archive.Archive({{}}, {{}}), Path({str(tmp_path / 'fit.nc')!r}))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    others = [
        tmp_path / ".mine.tmp",
        tmp_path / ".bayesmix-1-0.tmp",
        tmp_path / f".bayesmix-1-{'0' * 32}.tmp",
    ]
    for other in others:
        other.touch()
    path = simple_fit().save(tmp_path / "fit.nc")
    assert set(tmp_path.iterdir()) == {path, *others}


def test_prior_draws_and_log_likelihoods_are_kept(tmp_path: Path) -> None:
    model = Model("y ~ x + (1 | g)", frame(g=["a", "b"]), prior=[prior("normal(0, 1)", "b")])
    fit = fit_of(model)
    fit.sample_prior(random_seed=1)
    fit.add_log_lik()
    there = load(fit.save(tmp_path / "fit.bx"))
    for group in ("prior", "prior_predictive", "log_likelihood"):
        assert there.idata[group].to_dataset().identical(fit.idata[group].to_dataset())
    assert there.hypothesis("x = 0").table.equals(fit.hypothesis("x = 0").table)
