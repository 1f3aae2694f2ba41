"""The README's picture: one fit of the sleep study, asked for three kinds of people.

Run as ``python docs/three_predictions.py``; it writes ``docs/images/three_predictions.png``.
"""

from __future__ import annotations

from pathlib import Path

import bayesmix as bx

PICTURE = Path(__file__).parent / "images" / "three_predictions.png"


def main() -> None:
    """Fit, draw and save."""
    sleep = bx.load_dataset("sleepstudy")
    fit = bx.brm("Reaction ~ Days + (Days | Subject)", sleep, random_seed=1, progressbar=False)
    figure = fit.plot.three_predictions("Days", level="308", random_seed=1)
    figure.savefig(PICTURE, dpi=110, metadata={"Software": ""})


if __name__ == "__main__":
    main()
