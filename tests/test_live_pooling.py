"""`docs/live_pooling.html`: its formulas, and what a browser shows when a slider moves.

The numbers are compared with the conditional of one large normal distribution, which holds the mean
of all groups, the groups' means and all rows.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

PAGE = Path(__file__).parents[1] / "docs" / "live_pooling.html"
LETTERS = "ABCDEFGHIJ"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START = {"tau": 1, "sigma": 3, "rows": 5, "prior": 10, "lost": 0}
MOVES = {"tau": 2.4, "sigma": 0.7, "rows": 12, "prior": -0.7, "lost": 4}
"""Where each slider goes; that of the prior scale has its logarithm to base 10."""


def conditional(groups, tau, sigma, prior):
    """Means and sds of the mean of all groups and of each group's, given all rows."""
    belongs = np.repeat(np.arange(len(groups)), [len(y) for y in groups])
    loads = np.vstack([np.zeros(len(groups)), np.eye(len(groups)), np.eye(len(groups))[belongs]])
    cov = prior**2 + tau**2 * loads @ loads.T
    rows = np.arange(len(loads)) > len(groups)
    cov[rows, rows] += sigma**2
    gain = np.linalg.solve(cov[np.ix_(rows, rows)], cov[np.ix_(rows, ~rows)]).T
    left = cov[np.ix_(~rows, ~rows)] - gain @ cov[np.ix_(rows, ~rows)]
    return gain @ np.concatenate(groups), np.sqrt(np.diag(left))


def ends(mean, sd):
    """Of 95% intervals."""
    return stats.norm.interval(0.95, mean, sd)


# --- Its formulas, without a browser ---


def in_node(settings):
    """Data and estimates from the page's functions."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node isn't installed")
    functions = re.search(r'<script id="statistics">(.*?)</script>', PAGE.read_text(), re.S)[1]
    asked = f"""const s = {json.dumps(settings)}, data = makeData(s);
    console.log(JSON.stringify({{ data, truth: truths(s.tau), own: noPooling(data, s),
      partial: partialPooling(data, s), complete: completePooling(data, s) }}));"""
    run = subprocess.run([node, "-"], input=functions + asked, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    "change",
    [{}, {"tau": 0}, {"tau": 4, "sigma": 0.1}, {"rows": 1, "prior": 0.05}, {"lost": 3, "rows": 20}],
    ids=str,
)
def test_the_formulas_are_the_conditional_of_a_large_normal(change):
    settings = START | change
    found = in_node(settings)
    given = {name: settings[name] for name in ("tau", "sigma", "prior")}
    means, sds = conditional(found["data"], **given)
    results = [found["partial"]["population"], *found["partial"]["groups"]]
    np.testing.assert_allclose([r["mean"] for r in results], means, rtol=1e-6)
    np.testing.assert_allclose([r["sd"] for r in results], sds, rtol=1e-5)
    together, sd = conditional([np.concatenate(found["data"])], **(given | {"tau": 0}))
    assert found["complete"] == pytest.approx({"mean": together[0], "sd": sd[0]})
    for y, own in zip(found["data"], found["own"], strict=True):
        if y:
            sd = settings["sigma"] / len(y) ** 0.5
            assert own == pytest.approx({"mean": np.mean(y), "sd": sd})
        else:
            assert own is None


def test_the_data_are_scaled_by_the_sliders():
    one, other = in_node(START), in_node(START | {"tau": 2, "sigma": 6})
    truth = np.array(one["truth"])
    assert truth.mean() == pytest.approx(3) and truth.std() == pytest.approx(1)
    for y, twice in zip(one["data"], other["data"], strict=True):
        np.testing.assert_allclose(np.array(twice) - 3, 2 * (np.array(y) - 3))


def test_residuals_are_normal():
    found = in_node(START | {"rows": 20})
    residuals = [np.array(y) - t for y, t in zip(found["data"], found["truth"], strict=True)]
    assert stats.kstest(np.concatenate(residuals) / 3, "norm").pvalue > 0.05


# --- What a browser shows ---


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    safe = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]
    known = next(filter(None, map(shutil.which, BROWSERS)), None)
    with api.sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=known, args=safe)
        except api.Error as error:
            pytest.skip(f"no browser: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


def opened(browser, **options):
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
    page.said, page.asked = [], []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(PAGE.as_uri())
    return page


@pytest.fixture
def page(browser):
    page = opened(browser)
    yield page
    page.close()


def drawn(page, kind):
    """What is drawn of each group: the point and the ends of the line, as values on the axis."""
    ticks = page.evaluate("""() => [...document.querySelectorAll('#picture .value')].map(
        (t) => [Number(t.getAttribute('x')), Number(t.textContent.replace('−', '-'))])""")
    slope, start = np.polyfit(*np.transpose(ticks), 1)
    points = page.evaluate(
        """(kind) => [...document.querySelectorAll(`#picture circle.${kind}`)].map((c) => {
        const of = `#picture line.${kind}[data-group="${c.dataset.group}"]`;
        const line = document.querySelector(of);
        return [c.dataset.group, c.getAttribute('cx'), line.getAttribute('x1'),
          line.getAttribute('x2')]; })""",
        kind,
    )
    return {group: start + slope * np.array(at, float) for group, *at in points}


def expected(page):
    """What `drawn` should find of the partially pooled estimates."""
    now = page.evaluate("settings()")
    data = page.evaluate("results(settings()).data")
    means, sds = conditional(data, now["tau"], now["sigma"], now["prior"])
    return np.transpose([means, *ends(means, sds)])[1:]


def estimates(page):
    found = drawn(page, "partial")
    assert list(found) == list(LETTERS)
    return np.array(list(found.values()))


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("follow", [True, False])
def test_points_move_to_where_the_conditional_is(page, name, follow):
    page.locator("#follow").set_checked(follow)
    before, own = estimates(page), drawn(page, "own")
    np.testing.assert_allclose(before, expected(page), atol=1e-5)
    page.locator(f"#{name}").fill(str(MOVES[name]))
    after = estimates(page)
    np.testing.assert_allclose(after, expected(page), atol=1e-5)
    assert (np.abs(after - before).max(axis=1) > 0.01).all()
    now = drawn(page, "own")
    if name == "lost":
        assert set(own) - set(now) == {"D"}
    data = page.evaluate("results(settings()).data")
    sigma = page.evaluate("settings().sigma")
    for letter, y in zip(LETTERS, data, strict=True):
        if y:
            mean, error = np.mean(y), sigma / len(y) ** 0.5
            np.testing.assert_allclose(now[letter], [mean, *ends(mean, error)], atol=1e-5)
    if name in ("tau", "sigma") and not follow:
        assert {g: v[0] for g, v in now.items()} == pytest.approx({g: v[0] for g, v in own.items()})
    assert not page.said


def test_keys_slide_from_complete_pooling_to_nearly_none(page):
    page.locator("#follow").set_checked(False)
    slider = page.get_by_label("Sd between groups")
    slider.focus()
    slider.press("Home")
    rows = np.concatenate(page.evaluate("results(settings()).data"))
    together, _ = conditional([rows], 0, 3, 10)
    np.testing.assert_allclose(estimates(page)[:, 0], together[0], atol=1e-5)
    at, own = [], np.array([v[0] for v in drawn(page, "own").values()])
    for _ in range(5):
        slider.press("PageUp")
        at.append(np.abs(estimates(page)[:, 0] - own).mean())
    assert (np.diff(at) < 0).all()
    slider.press("End")
    assert np.abs(estimates(page)[:, 0] - own).mean() < at[-1]


def test_a_button_slides_to_its_settings_and_reset_back(page):
    begin = estimates(page)
    page.get_by_role("button", name="A strong prior").click()
    page.wait_for_function("element('prior').value == '-0.5'")
    np.testing.assert_allclose(estimates(page), expected(page), atol=1e-5)
    assert (estimates(page)[:, 0] < begin[:, 0]).all()
    page.get_by_role("button", name="Back to the start").click()
    page.wait_for_function("element('prior').value == '1'")
    np.testing.assert_allclose(estimates(page), begin, atol=1e-5)


def test_the_table_says_what_the_picture_shows(page):
    rows = [row.split("\t") for row in page.locator("#numbers").inner_text().splitlines()]
    assert [row[0] for row in rows] == [*LETTERS, "All"]
    numbers = [
        [float(v) for v in re.findall(r"-?\d+\.\d+", row[4].replace("−", "-"))] for row in rows
    ]
    np.testing.assert_allclose(numbers[:-1], estimates(page), atol=0.00501)


def test_each_slider_has_a_label_a_description_and_a_value_in_words(page):
    for name in MOVES:
        slider = page.locator(f"#{name}")
        label = page.locator(f"label[for={name}]").inner_text()
        assert page.get_by_role("slider", name=label).get_attribute("id") == name
        assert page.locator(f"#{slider.get_attribute('aria-describedby')}").inner_text()
        value = page.locator(f"output[for={name}]").inner_text()
        assert slider.get_attribute("aria-valuetext") == value


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_in_its_colours_and_asks_for_nothing_else(browser, width):
    papers = set()
    for scheme in ("light", "dark"):
        page = opened(browser, viewport={"width": width, "height": 844}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert page.asked == [PAGE.as_uri()] and not page.said
        page.close()
    assert len(papers) == 2
