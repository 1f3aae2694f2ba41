"""The command line: what it refuses, what the demo prints and draws. Nothing is sampled here."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import bayesmix as bx
from bayesmix import cli, plots
from bayesmix.demo import DEMOS, scene, three_predictions

from .support import fit_of

PNG = b"\x89PNG\r\n"


@pytest.fixture
def fits(monkeypatch):
    """Fits of random draws in place of sampled ones; the settings of each call."""
    calls = []

    def fit(model, **settings):
        calls.append(settings)
        return fit_of(model)

    monkeypatch.setattr(bx.Model, "fit", fit)
    return calls


@pytest.fixture
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("fit",), "invalid choice: 'fit'"),
        (("demo", "slops"), "Did you mean 'slopes'? There are slopes, intercepts"),
        (("demo", "slo\npes"), r"'slo\npes'"),
        (("demo", "counts", "binary"), "unrecognized arguments: binary"),
        (("datasets", "slepstudy"), "Did you mean 'sleepstudy'? There are 'cbpp', 'dll'"),
        (("datasets", "gpa", "dll"), "unrecognized arguments: dll"),
        (("demo", "--draw", "-1"), "--draws: must be a whole number from 1 to 100000, not '-1'"),
        (("demo", "--draws", "0"), "not '0'"),
        (("demo", "--draws", "1e3"), "not '1e3'"),
        (("demo", "--draws"), "expected one argument"),
        (("demo", "--chains", "1.5"), "--chains: must be a whole number from 1 to 64"),
        (("demo", "--seed", "-2"), "--seed: must be a whole number from 0"),
        (("demo", "--output", "plot.docx"), "must end in .png, .pdf, .svg, not 'plot.docx'"),
        (("demo", "--output", "nowhere/plot.png"), "'nowhere/plot.png': No such file"),
        (("demo", "--output", "folder.png"), "'folder.png': Is a directory"),
        (("demo", "--colour"), "unrecognized arguments: --colour"),
    ],
)
def test_a_bad_argument_is_one_line_and_status_2(args, said, here, fits, capsys):
    (here / "folder.png").mkdir()
    with pytest.raises(SystemExit) as end:
        cli.main(args)
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == "" and err.count("\n") == 1 and err.endswith("\n")
    assert err.startswith("bayesmix") and said in err
    assert not fits and [p.name for p in here.iterdir()] == ["folder.png"]


def test_a_bad_argument_is_no_traceback_in_a_process_of_its_own():
    code = "import sys; from bayesmix.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "demo", "--draws", "many"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == (
        "bayesmix demo: argument --draws: must be a whole number from 1 to 100000, not 'many'\n"
    )


def test_no_command_is_the_help_which_says_what_there_is(capsys):
    assert cli.main([]) == 0
    bare = capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    assert end.value.code == 0 and capsys.readouterr().out == bare
    for said in ("bayesmix demo --list", "bayesmix datasets", "import bayesmix as bx"):
        assert said in bare


@pytest.mark.parametrize("line", re.findall(r"^  bayesmix (.*?)   ", cli.DESCRIPTION, re.M))
def test_each_command_of_the_help_works(line, here, fits, capsys):
    assert cli.main(line.split()) == 0
    assert capsys.readouterr().out


def test_the_python_of_the_help_runs(fits, capsys):
    code = textwrap.dedent(cli.IN_PYTHON.partition("\n")[2])
    exec(code.replace("help(fit)", "fit.fixef()"), {})
    assert len(fits) == 1


def test_the_list_of_demos_fits_nothing(fits, capsys):
    assert cli.main(["demo", "--list"]) == 0
    out = capsys.readouterr().out
    for demo in DEMOS.values():
        assert f"{demo.name} " in out and f"{demo.title}\n" in out
        assert f"{demo.dataset}: {demo.text}, {demo.family}\n" in out
    assert not fits


def test_there_is_a_demo_of_each_kind():
    families = {demo.family for demo in DEMOS.values()}
    assert families == {
        "gaussian",
        "binomial",
        "bernoulli",
        "negbinomial",
        "cumulative",
        "weibull",
    }
    terms = " ".join(demo.text for demo in DEMOS.values())
    assert all(
        term in terms for term in ("(1 + Days | Subject)", "sigma ~", " s(", " ar(", "cens(")
    )


def test_datasets_are_listed_with_their_sizes(capsys):
    assert cli.main(["datasets"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "rows", "columns", "what", "was", "observed"]
    table = bx.list_datasets()
    assert [line.split(maxsplit=3) for line in lines] == [
        [name, str(row["rows"]), str(row["columns"]), row["title"]]
        for name, row in table.iterrows()
    ]


def test_a_dataset_is_described(capsys):
    assert cli.main(["datasets", "machines"]) == 0
    assert capsys.readouterr().out == f"{bx.describe_dataset('machines')}\n"


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"bayesmix {version('bayesmix')}\n"


@pytest.mark.parametrize("name", DEMOS)
def test_each_demo_prints_its_tables_and_draws_its_figure(name, here, fits, capsys):
    assert cli.main(["demo", name]) == 0
    out = capsys.readouterr().out
    demo = DEMOS[name]
    figure = here / f"bayesmix-demo-{name}.png"
    assert demo.text in out and f"How {demo.noun}s differ:" in out
    for who in (f"average {demo.noun}", f"{demo.noun} {demo.level}", f"new {demo.noun}"):
        assert f" {who}" in out
    assert out.endswith(f"Figure: {figure}\n")
    assert figure.read_bytes().startswith(PNG)


def test_slopes_are_the_default_with_the_settings_of_fit(here, fits):
    assert cli.main(["demo"]) == 0
    assert (here / "bayesmix-demo-slopes.png").exists()
    assert fits == [{"draws": 1000, "chains": 4, "random_seed": 1}]


def test_settings_are_passed_on(here, fits, capsys):
    args = ["demo", "trials", "--draws", "7", "--chains", "3", "--seed", "0", "--output", "a.SVG"]
    assert cli.main(args) == 0
    cli.main(["demo", "smooth", "--draws", "7"])
    careful = {"draws": 7, "chains": 4, "random_seed": 1, "target_accept": 0.99}
    assert fits == [{"draws": 7, "chains": 3, "random_seed": 0}, careful]
    assert (here / "a.SVG").read_text().startswith("<?xml")
    assert "a.SVG\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (bx.SamplingError("No chain could start."), 1, "bayesmix: No chain could start.\n"),
        (KeyboardInterrupt(), 130, "bayesmix: interrupted\n"),
    ],
)
def test_a_failed_fit_leaves_a_line_and_no_figure(error, status, said, here, monkeypatch, capsys):
    def fail(model, **settings):
        raise error

    monkeypatch.setattr(bx.Model, "fit", fail)
    assert cli.main(["demo"]) == status
    assert capsys.readouterr().err == said
    assert not list(here.iterdir())


def test_a_failed_fit_leaves_an_older_figure_as_it_was(here, monkeypatch):
    def fail(model, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(bx.Model, "fit", fail)
    (here / "old.png").write_bytes(b"a picture")
    cli.main(["demo", "--output", "old.png"])
    assert (here / "old.png").read_bytes() == b"a picture"


def test_warnings_are_printed_without_code(here, fits, monkeypatch, capsys):
    random = bx.Model.fit

    def doubtful(model, **settings):
        warnings.warn("Take more draws.", bx.ConvergenceWarning, stacklevel=1)
        return random(model, **settings)

    monkeypatch.setattr(bx.Model, "fit", doubtful)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        cli.main(["demo"])
    assert capsys.readouterr().err == "\nWarning: Take more draws.\n"


def demo_fit(name):
    demo = DEMOS[name]
    data = bx.load_dataset(demo.dataset)
    return demo, data, fit_of(demo.model(data))


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_fits_its_data(name):
    demo, data, fit = demo_fit(name)
    (group,) = fit.ngrps().index
    assert group == demo.group and demo.level in data[group].cat.categories
    if demo.categorical:
        assert set(data[demo.x]) == set(demo.grid)
    else:
        assert data[demo.x].min() <= min(demo.grid) and max(demo.grid) <= data[demo.x].max()
    own = demo.comparable(data)
    assert (own[demo.group] == demo.level).any()


def test_the_three_predictions_are_those_of_the_fit():
    demo, _, fit = demo_fit("slopes")
    draws = fit.idata["posterior"].to_dataset().stack(sample=("chain", "draw"))
    average, known, new = three_predictions(fit, demo, 1)
    b = draws["b"].transpose("sample", "coef").to_numpy()
    deviations = draws["r_Subject"].sel(Subject="308").transpose("sample", "Subject_coef")
    own = b + deviations.to_numpy()
    days = np.stack([np.ones(10), np.arange(10)])
    for prediction, coefficients in ((average, b), (known, own)):
        expected = coefficients @ days
        np.testing.assert_allclose(prediction.expected["Estimate"], expected.mean(axis=0))
        np.testing.assert_allclose(
            prediction.expected[["Q2.5", "Q97.5"]].T, np.quantile(expected, [0.025, 0.975], axis=0)
        )
    assert average.response is None
    errors = [t["Est.Error"].mean() for t in (average.expected, new.expected, new.response)]
    assert errors == sorted(errors)


def test_predictions_of_a_binomial_are_per_hundred():
    demo, data, fit = demo_fit("trials")
    average, known, _ = three_predictions(fit, demo, 1)
    assert average.expected["Q97.5"].max() < 100 and known.response is None
    first = data.iloc[0]
    assert demo.observed(data)[0] == pytest.approx(100 * first["incidence"] / first["size"])


def test_predictions_of_categories_are_of_the_event():
    demo, _, fit = demo_fit("ordered")
    average, *_ = three_predictions(fit, demo, 1)
    of_all = fit.fitted(demo.rows, clusters="average")["Estimate"].unstack()
    np.testing.assert_array_equal(average.expected["Estimate"], of_all[1])
    assert average.response is None


def test_of_shares_the_figure_has_that_of_all_rows():
    demo, data, fit = demo_fit("binary")
    panels = plots.three_predictions(scene(demo, data), three_predictions(fit, demo, 1)).axes
    shares = data[data["situ"] == "other"].groupby("btype", observed=True)["y"].mean()
    for panel in (panels[0], panels[2]):
        assert any(np.array_equal(line.get_ydata(), shares) for line in panel.lines)


@pytest.mark.parametrize("name", DEMOS)
def test_the_figure_has_a_panel_for_each_prediction(name):
    demo, data, fit = demo_fit(name)
    predictions = three_predictions(fit, demo, 1)
    panels = plots.three_predictions(scene(demo, data), predictions).axes
    assert [p.get_title(loc="left").strip().lower() for p in panels] == [p.who for p in predictions]
    assert {p.get_xlabel() for p in panels} == {demo.x_label}
    assert panels[0].get_ylabel() == demo.y_label
    assert len({p.get_ylim() for p in panels}) == 1
    for panel, prediction in zip(panels, predictions, strict=True):
        drawn = [line.get_ydata() for line in panel.lines]
        estimate = prediction.expected["Estimate"].to_numpy()
        assert any(np.array_equal(estimate, y) for y in drawn)
    own = demo.comparable(data)
    own = own[own[demo.group] == demo.level]
    dots = demo.observed(own)
    if demo.event is not None:
        dots = dots.groupby(own[demo.x], observed=True).mean()
    assert any(np.array_equal(line.get_ydata(), dots) for line in panels[1].lines)


def test_the_figure_goes_where_it_is_asked_to(fits, tmp_path, capsys):
    path = tmp_path / "figure.pdf"
    cli.main(["demo", "--output", str(path)])
    assert path.read_bytes().startswith(b"%PDF")
    assert Path(capsys.readouterr().out.splitlines()[-1].removeprefix("Figure: ")) == path
