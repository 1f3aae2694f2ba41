"""`pymc.sample`: PyMC's own NUTS, and those of JAX that it calls."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pymc as pm

from bayesmix.errors import SamplingError

if TYPE_CHECKING:
    import xarray as xr


def sample(
    model: pm.Model,
    nuts_sampler: str,
    names: Sequence[str],
    *,
    draws: int,
    tune: int,
    chains: int,
    cores: int | None,
    seed: int,
    target_accept: float,
    progressbar: bool,
) -> xr.DataTree:
    """Sample a PyMC model through `pymc.sample`.

    Parameters
    ----------
    model : pymc.Model
    nuts_sampler : str
        ``"pymc"``, ``"numpyro"`` or ``"blackjax"``.
    names : sequence of str
        The variables to keep.
    draws, tune, chains, cores, seed, target_accept, progressbar
        See `Model.fit`.

    Returns
    -------
    xarray.DataTree

    Raises
    ------
    SamplingError
        If no chain finds a place to start, or one breaks down.
    KeyboardInterrupt
        `pymc.sample` would give back the draws so far instead.
    """
    with model, _quiet(), _interrupts() as interrupts:
        try:
            tree = pm.sample(
                draws=draws,
                tune=tune,
                chains=chains,
                cores=cores,
                random_seed=seed,
                progressbar=progressbar,
                nuts_sampler=nuts_sampler,
                nuts={"target_accept": target_accept},
                var_names=list(names),
                compute_convergence_checks=False,
                callback=_stop_after(interrupts) if nuts_sampler == "pymc" else None,
            )
        except pm.exceptions.SamplingError as error:
            raise SamplingError(_cause(error)) from error
        except Exception as error:
            # What pm.sample makes of an interrupt before the first draw.
            if interrupts:
                raise KeyboardInterrupt from None
            if nuts_sampler == "pymc":
                raise
            raise SamplingError(_misfit(nuts_sampler, error)) from error
    if interrupts:
        raise KeyboardInterrupt
    return tree


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """A list of the user's interrupts, which `pymc.sample` keeps to itself."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def note(number: int, frame: Any) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def _stop_after(interrupts: list[int]) -> Callable[..., None]:
    """A callback that ends the chains that `pymc.sample` would go on to after an interrupt."""

    def callback(**_: Any) -> None:
        if interrupts:
            raise KeyboardInterrupt

    return callback


def _cause(error: Exception) -> str:
    return (
        "No chain found a place to start, or one broke down. Look at the priors, and whether the "
        f"response is on their scale. PyMC says: {str(error).partition(chr(10))[0]}"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without PyMC's log of what it does: the convergence is ours to judge."""
    log = logging.getLogger("pymc")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _misfit(library: str, error: Exception) -> str:
    """PyMC follows the releases of JAX's samplers at some distance."""
    return (
        f"{library} {version(library)} did not work with PyMC {version('pymc')}: "
        f"{type(error).__name__}: {str(error).partition(chr(10))[0]} Another release of {library} "
        "may; or leave sampler= to 'auto'."
    )
