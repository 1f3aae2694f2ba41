"""The command line: ``bayesmix demo``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from bayesmix.demo import DEMOS, FORMATS, Demo, opening, report, scene, three_predictions
from bayesmix.errors import BayesmixError, did_you_mean

MOST_DRAWS, MOST_CHAINS, MOST_SEED = 100_000, 64, 2**63 - 1

DESCRIPTION = (
    "Fit a multilevel model to a dataset that comes with the package, print the fit and its "
    "predictions for the average, a fitted and a new level of its group, and draw them."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        The exit status: 0, 1 if the command failed, 130 if it was interrupted.

    Raises
    ------
    SystemExit
        With status 2 and one line on stderr for bad arguments; with 0 for ``--help``.
    """
    parser = _parser()
    args = parser.parse_args(argv)
    output = args.output or Path(f"bayesmix-demo-{args.demo.dataset}.png")
    try:
        _try_writing(output)
    except OSError as error:
        parser.error(f"can't write the figure to {str(output)!r}: {error.strerror or error}")
    try:
        with _plain_warnings():
            _demo(args.demo, args.draws, args.chains, args.seed, output)
    except (BayesmixError, OSError) as error:
        print(f"bayesmix: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bayesmix: interrupted", file=sys.stderr)
        return 130
    return 0


def _demo(demo: Demo, draws: int, chains: int, seed: int, output: Path) -> None:
    from bayesmix import plots
    from bayesmix.datasets import load_dataset
    from bayesmix.model import Model

    print(opening(demo), flush=True)
    data = load_dataset(demo.dataset)
    fit = Model(demo.formula, data, demo.family).fit(draws=draws, chains=chains, random_seed=seed)
    predictions = three_predictions(fit, demo, seed)
    print(f"\n{report(fit, demo, predictions)}")
    plots.three_predictions(scene(demo, data), predictions).savefig(output)
    print(f"\nFigure: {output.resolve()}")


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="bayesmix", description="Bayesian multilevel models from a formula.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="fit an example and predict", description=DESCRIPTION)
    add = demo.add_argument
    add(
        "demo",
        nargs="?",
        type=_dataset,
        default="sleepstudy",
        metavar="DATASET",
        help=f"one of {', '.join(DEMOS)} (default: sleepstudy)",
    )
    draws, chains, seed = _whole(1, MOST_DRAWS), _whole(1, MOST_CHAINS), _whole(0, MOST_SEED)
    add("--draws", type=draws, default=1000, help="kept draws of each chain (default: 1000)")
    add("--chains", type=chains, default=4, help="chains (default: 4)")
    add("--seed", type=seed, default=1, help="random seed (default: 1)")
    ends = ", ".join(FORMATS)
    add(
        "--output",
        type=_figure_path,
        metavar="FILE",
        help=f"the figure: {ends} (default: bayesmix-demo-DATASET.png)",
    )
    return parser


def _dataset(name: str) -> Demo:
    if name not in DEMOS:
        near = did_you_mean(name, DEMOS)
        known = ", ".join(DEMOS)
        raise argparse.ArgumentTypeError(f"no demo of {name!r}.{near} There are {known}.")
    return DEMOS[name]


def _whole(least: int, most: int) -> Callable[[str], int]:
    """The type of a whole number within bounds."""

    def convert(text: str) -> int:
        problem = argparse.ArgumentTypeError(
            f"must be a whole number from {least} to {most}, not {text!r}"
        )
        try:
            number = int(text)
        except ValueError:
            raise problem from None
        if not least <= number <= most:
            raise problem
        return number

    return convert


def _figure_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(f"must end in {', '.join(FORMATS)}, not {text!r}")
    return path


def _try_writing(path: Path) -> None:
    """Open the file for writing, before the time for sampling is spent; leaves no new file."""
    existed = path.exists()
    with path.open("ab"):
        pass
    if not existed:
        path.unlink()


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings as text, without the line of code that gave them."""

    def show(message: Any, *_: Any) -> None:
        print(f"\nWarning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
