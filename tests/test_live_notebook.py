"""`notebooks/11_live_pooling.ipynb`: moving a slider refits; estimates are where they belong."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

import bayesmix as bx

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "11_live_pooling.ipynb"


@pytest.fixture(scope="module")
def cells():
    """The names that the notebook makes, from its first cell to the one with the sliders."""
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "show", lambda: plt.close("all"))
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, NOTEBOOK.name, "exec"), names)
            if "interactive_output" in cell.source:
                break
        yield names
    plt.rcdefaults()


def conditional(data, sd, scale, sigma):
    """Each person's intercept and slope given a residual sd, as one large least-squares problem.

    The mean intercept has a prior that is nearly flat.
    """
    people = list(data["Subject"].cat.categories)
    x = np.column_stack([np.ones(len(data)), data["Days"]])
    own = np.zeros((len(data), 2 * len(people)))
    for row, person in enumerate(data["Subject"].cat.codes):
        own[row, 2 * person : 2 * person + 2] = x[row]
    precision = np.diag([1e-6, scale**-2.0, *np.tile([(4 * sd) ** -2.0, sd**-2.0], len(people))])
    z = np.column_stack([x, own])
    found = np.linalg.solve(z.T @ z / sigma**2 + precision, z.T @ data["Reaction"] / sigma**2)
    return found[2:].reshape(-1, 2) + found[:2]


@pytest.mark.parametrize(
    "place",
    [{"sd": 0.1}, {"sd": 6}, {"sd": 100}, {"sd": 3, "days": 5, "scale": 1}],
    ids=str,
)
def test_estimates_are_the_conditional_over_the_residual_sd(cells, place):
    fit = cells["refit"](**place)
    data = cells["some_of"](place.get("days", 10), None)
    sigmas = fit.idata["posterior"]["sigma"].to_numpy().ravel()[::40]
    expected = [conditional(data, place["sd"], place.get("scale", 100), s) for s in sigmas]
    found = cells["lines_of"](fit).to_numpy()
    np.testing.assert_allclose(found[:, 0], np.mean(expected, axis=0)[:, 0], atol=1)
    np.testing.assert_allclose(found[:, 1], np.mean(expected, axis=0)[:, 1], atol=0.2)


def test_the_ends_are_complete_pooling_and_no_pooling(cells):
    sleep, line = bx.load_dataset("sleepstudy"), cells["line"]
    alike = cells["lines_of"](cells["refit"](sd=0.1))
    np.testing.assert_allclose(alike["Days"], line(sleep)["Days"], atol=0.3)
    apart = cells["lines_of"](cells["refit"](sd=100))
    own = cells["own_lines"](sleep)
    np.testing.assert_allclose(apart.loc[own.index, "Days"], own["Days"], atol=0.3)


def test_moving_a_slider_refits(cells, monkeypatch):
    fits, brm = [], bx.brm

    def noted(*args, **options):
        fits.append(brm(*args, **options))
        return fits[-1]

    monkeypatch.setattr(bx, "brm", noted)
    cells["sd"].value = 0.3
    cells["without"].value = "308"
    cells["chosen"].value = True
    spreads = [cells["lines_of"](fit)["Days"].std() for fit in fits]
    assert [len(cells["lines_of"](fit)) for fit in fits] == [18, 17, 17]
    assert spreads[0] < 1 < 3 < spreads[2]
