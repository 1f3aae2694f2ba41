"""The same models by other packages, each in a process of its own.

``python peers.py bambi WORKLOAD`` under an interpreter that has Bambi; brms through Rscript. Priors
are the peers' own defaults where they can't express brms's: Bambi has no correlated group effects.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START = time.perf_counter()

BRMS = r"""
args <- commandArgs(trailingOnly = TRUE)
suppressMessages(library(brms))
spec <- jsonlite::fromJSON(args[1])
data <- read.csv(args[2], stringsAsFactors = TRUE)
for (g in spec$groups) data[[g]] <- factor(data[[g]])
before <- proc.time()[["elapsed"]]
fit <- brm(as.formula(spec$formula), data, family = spec$family, chains = spec$chains,
           cores = spec$cores, iter = spec$draws + spec$tune, warmup = spec$tune, seed = 1,
           refresh = 0)
seconds <- proc.time()[["elapsed"]] - before
draws <- posterior::as_draws_array(fit)
keep <- !grepl("^(lp__|lprior)", posterior::variables(draws))
tab <- posterior::summarise_draws(draws[, , keep], "rhat", "ess_bulk")
sampling <- max(rowSums(rstan::get_elapsed_time(fit$fit)))
# Of what is fixed, such as disc, there is no effective sample size.
least <- min(tab$ess_bulk, na.rm = TRUE)
cat(jsonlite::toJSON(list(fit_s = seconds, sampling_s = sampling,
  min_bulk_ess = least, ess_per_s = least / seconds,
  max_rhat = max(tab$rhat, na.rm = TRUE)), auto_unbox = TRUE, digits = NA))
"""


def find_peers(bambi_python: str | None) -> dict[str, Any]:
    """What is installed: an interpreter with Bambi, Rscript with brms; says what isn't."""
    found: dict[str, Any] = {}
    python = bambi_python or sys.executable
    if _runs([python, "-c", "import bambi"]):
        found["bambi"] = python
    if shutil.which("Rscript") and _runs(["Rscript", "-e", "library(brms)"]):
        found["brms"] = shutil.which("Rscript")
    for peer in ("bambi", "brms"):
        if peer not in found:
            print(f"{peer} is not installed here and is left out", flush=True)
    return found


def run_bambi(csv: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A Bambi fit with nutpie of the model without its correlations."""
    import bambi
    import numpy as np
    import pandas as pd
    from arviz_stats.base import array_stats

    data = pd.read_csv(csv)
    for g in spec["groups"]:
        data[g] = data[g].astype(str)
    before = time.perf_counter()
    model = bambi.Model(spec["formula"], data, family=spec["family"])
    idata = model.fit(
        draws=spec["draws"],
        tune=spec["tune"],
        chains=spec["chains"],
        cores=spec["cores"],
        random_seed=1,
        inference_method="nutpie",
        progressbar=False,
    )
    seconds = time.perf_counter() - before
    least, largest = np.inf, 0.0
    for variable in idata["posterior"].data_vars.values():
        values = np.asarray(variable)
        values = values.reshape(*values.shape[:2], -1)
        axes = {"chain_axis": 0, "draw_axis": 1}
        least = min(least, float(array_stats.ess(values, method="bulk", **axes).min()))
        largest = max(largest, float(array_stats.rhat(values, **axes).max()))
    return {
        "fit_s": seconds,
        "process_s": time.perf_counter() - START,
        "min_bulk_ess": least,
        "ess_per_s": least / seconds,
        "max_rhat": largest,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure_peer(peer: str, program: str, csv: Path, spec: dict[str, Any]) -> dict[str, Any] | None:
    """One peer on one workload; None where it failed."""
    if peer == "bambi":
        command = [program, __file__, "bambi", str(csv), json.dumps(spec)]
        return _json_of(command)
    with tempfile.NamedTemporaryFile("w", suffix=".R") as script:
        script.write(BRMS)
        script.flush()
        return _json_of([program, script.name, json.dumps(spec), str(csv)])


def _json_of(command: list[str]) -> dict[str, Any] | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    print(json.dumps(run_bambi(sys.argv[2], json.loads(sys.argv[3]))))
