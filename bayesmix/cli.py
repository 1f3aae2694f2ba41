"""The command line: ``bayesmix demo`` and ``bayesmix datasets``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from bayesmix.datasets import describe_dataset, list_datasets, load_dataset
from bayesmix.demo import (
    DEMOS,
    FORMATS,
    Demo,
    listing,
    opening,
    report,
    scene,
    three_predictions,
)
from bayesmix.errors import BayesmixError, DataError, did_you_mean

MOST_DRAWS, MOST_CHAINS, MOST_SEED = 100_000, 64, 2**63 - 1

DESCRIPTION = """\
Bayesian multilevel models from a formula, on PyMC.

  bayesmix demo             a first model and its predictions, in some seconds
  bayesmix demo --list      an example of each kind of model
  bayesmix demo counts      one of them
  bayesmix datasets         the example data
  bayesmix datasets gpa     what is in one of them
"""
IN_PYTHON = """\
in Python:
  import bayesmix as bx
  sleep = bx.load_dataset("sleepstudy")
  fit = bx.brm("Reaction ~ 1 + Days + (1 + Days | Subject)", sleep)
  fit          # the summary
  help(fit)    # tables, predictions, effects, checks, pictures
"""
DEMO = (
    "Fit a multilevel model to a dataset that comes with the package, print the fit and its "
    "predictions for the average, a fitted and a new level of its group, and draw them."
)
DATA = "List the datasets that come with the package, or say what is in one of them."


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
    if args.command is None:
        parser.print_help()
    elif args.command == "datasets":
        print(_datasets() if args.dataset is None else describe_dataset(args.dataset))
    elif args.list:
        print(listing())
    else:
        return _run(parser, args)
    return 0


def _run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Run a demo; the exit status."""
    output = args.output or Path(f"bayesmix-demo-{args.demo.name}.png")
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

    print(opening(demo), flush=True)
    data = load_dataset(demo.dataset)
    settings = {"draws": draws, "chains": chains, "random_seed": seed} | demo.settings
    fit = demo.model(data).fit(**settings)
    predictions = three_predictions(fit, demo, seed)
    print(f"\n{report(fit, demo, predictions)}")
    plots.three_predictions(scene(demo, data), predictions).savefig(output)
    print(f"\nFigure: {output.resolve()}")


def _datasets() -> str:
    """The datasets, with the sizes of each."""
    table = list_datasets().reset_index()
    width = max(map(len, table["name"]))
    head = f"{'name':{width}}  rows  columns  what was observed"
    lines = (
        f"{name:{width}}  {rows:4}  {columns:7}  {title}"
        for name, rows, columns, title in table.itertuples(index=False)
    )
    return "\n".join([head, *lines])


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="bayesmix",
        description=DESCRIPTION,
        epilog=IN_PYTHON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bayesmix {version('bayesmix')}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="fit an example and predict", description=DEMO))
    data = commands.add_parser("datasets", help="list the example data", description=DATA)
    data.add_argument(
        "dataset", nargs="?", type=_dataset, metavar="NAME", help="say what is in this one"
    )
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> None:
    """The arguments of a demo."""
    add = parser.add_argument
    add(
        "demo",
        nargs="?",
        type=_demo_named,
        default="slopes",
        metavar="KIND",
        help=f"one of {', '.join(DEMOS)} (default: slopes)",
    )
    add("--list", action="store_true", help="say what the kinds are, and fit nothing")
    draws, chains, seed = _whole(1, MOST_DRAWS), _whole(1, MOST_CHAINS), _whole(0, MOST_SEED)
    add("--draws", type=draws, default=1000, help="kept draws of each chain (default: 1000)")
    add("--chains", type=chains, default=4, help="chains (default: 4)")
    add("--seed", type=seed, default=1, help="random seed (default: 1)")
    ends = ", ".join(FORMATS)
    add(
        "--output",
        type=_figure_path,
        metavar="FILE",
        help=f"the figure: {ends} (default: bayesmix-demo-KIND.png)",
    )


def _dataset(name: str) -> str:
    try:
        return describe_dataset(name).name
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _demo_named(name: str) -> Demo:
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
