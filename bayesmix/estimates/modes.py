"""Conditional modes, and the log likelihood with the random effects integrated out.

For normal rows that is exact; for others it is Laplace's approximation. Sources: Bates, D. et al.
(2015), Fitting linear mixed-effects models using lme4, Journal of Statistical Software 67(1);
Patterson, H. D. and Thompson, R. (1971), Recovery of inter-block information when block sizes are
unequal, Biometrika 58, 545-554.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import linalg as sparse_linalg

from bayesmix.estimates.rows import Local

DENSE, SPARSE = 60, 0.1
"""So many effects, or so large a share of entries, are faster solved for as if none were 0."""
STEPS = 200
DAMPING = (0.0, 0.1, 1.0, 10.0, 1e3)
"""Of the diagonal, what is added to second derivatives until they are those of a largest value."""
TOLERANCE = 1e-10
"""Of the log density, that a further step wouldn't gain."""


@dataclass(frozen=True)
class Factored:
    """A positive definite matrix, to be solved with.

    Attributes
    ----------
    solve : callable
    log_det : float
    """

    solve: Callable[[np.ndarray], np.ndarray]
    log_det: float

    @classmethod
    def of(cls, matrix: Any) -> Factored:
        """Of a sparse matrix; LinAlgError if it isn't positive definite."""
        if matrix.shape[0] <= DENSE or matrix.nnz > SPARSE * matrix.shape[0] ** 2:
            root = linalg.cholesky(matrix.toarray(), lower=True)
            log_det = 2 * np.log(np.diag(root)).sum()
            return cls(lambda b: linalg.cho_solve((root, True), b), log_det)
        options = {"SymmetricMode": True}
        lu = sparse_linalg.splu(
            matrix.tocsc(), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options
        )
        pivots = lu.U.diagonal()
        if (pivots <= 0).any():
            raise linalg.LinAlgError("The matrix isn't positive definite.")
        return cls(lu.solve, np.log(pivots).sum())


@dataclass(frozen=True)
class Curvature:
    """The negative second derivatives by effects, and by coefficients given these.

    Attributes
    ----------
    effects : Factored
    cross : ndarray
        Effects × coefficients.
    rest : ndarray
        The Cholesky factor of the coefficients' matrix, less what effects take up.
    """

    effects: Factored
    cross: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(cls, matrix: Any, effects: int) -> Curvature:
        own, cross = Factored.of(matrix[:effects, :effects]), matrix[:effects, effects:].toarray()
        rest = matrix[effects:, effects:].toarray() - cross.T @ own.solve(cross)
        return cls(own, cross, linalg.cholesky(rest, lower=True))

    @property
    def log_det_rest(self) -> float:
        return 2 * float(np.log(np.diag(self.rest)).sum())

    @property
    def covariance(self) -> np.ndarray:
        """Of the coefficients."""
        return linalg.cho_solve((self.rest, True), np.eye(len(self.rest)))

    def solve(self, b: np.ndarray) -> np.ndarray:
        own, rest = np.split(b, [len(self.cross)])
        own = self.effects.solve(own)
        coefs = linalg.cho_solve((self.rest, True), rest - self.cross.T @ own)
        return np.concatenate([own - self.effects.solve(self.cross @ coefs), coefs])


@dataclass(frozen=True)
class Mode:
    """The most likely effects and coefficients.

    Attributes
    ----------
    at : ndarray
        Standard normal effects, then coefficients.
    log_density : float
        Of rows and effects, less the effects' constant.
    curvature : Curvature
    """

    at: np.ndarray
    log_density: float
    curvature: Curvature

    def log_lik(self, restricted: bool) -> float:
        """With the effects integrated out; `restricted` with the coefficients too."""
        value = self.log_density - 0.5 * self.curvature.effects.log_det
        if not restricted:
            return value
        count = len(self.curvature.rest)
        return value + 0.5 * (count * np.log(2 * np.pi) - self.curvature.log_det_rest)


@dataclass(frozen=True)
class Inner:
    """What the mode is searched in, with all else held.

    Attributes
    ----------
    near : callable
        The rows near the predictors that effects and coefficients make.
    columns : mapping of str to sparse array
        By dpar, rows × (effects, then coefficients).
    effects : int
    quadratic : bool
        Whether the density is, so that one step is enough.
    """

    near: Callable[[Mapping[str, np.ndarray]], Local]
    columns: Mapping[str, Any]
    effects: int
    quadratic: bool

    def mode(self, start: np.ndarray) -> Mode:
        """By Newton's method; LinAlgError where that doesn't end at a largest value."""
        at, (value, slope, matrix) = start, self._around(start)
        if not np.isfinite(value):
            raise linalg.LinAlgError("The density isn't finite where the modes are searched from.")
        for _ in range(STEPS):
            curvature, damped = self._curvature(matrix)
            step = curvature.solve(slope)
            gain = 0.5 * slope @ step
            if self.quadratic:
                return Mode(at + step, value + gain, curvature)
            if gain < TOLERANCE and not damped:
                return Mode(at, value, curvature)
            at, (value, slope, matrix) = self._further(at, step, value)
        raise linalg.LinAlgError("The conditional modes weren't found.")

    def _curvature(self, matrix: Any) -> tuple[Curvature, bool]:
        """Where the density isn't concave, with so much added that a step leads upwards."""
        for more in DAMPING:
            try:
                damping = sparse.diags_array(more * np.maximum(1.0, np.abs(matrix.diagonal())))
                return Curvature.of((matrix + damping).tocsr(), self.effects), more > 0
            except linalg.LinAlgError:
                continue
        raise linalg.LinAlgError("The density has no curvature that leads to its mode.")

    def _further(self, at: np.ndarray, step: np.ndarray, value: float) -> tuple[np.ndarray, Any]:
        """Along a step, as far as that isn't worse."""
        for halvings in range(30):
            to = at + 0.5**halvings * step
            around = self._around(to)
            if around[0] >= value - 1e-9 * (1 + abs(value)):
                return to, around
        raise linalg.LinAlgError("No step towards the conditional modes was better.")

    def _around(self, at: np.ndarray) -> tuple[float, np.ndarray, Any]:
        """Log density, slope and negative second derivatives; -inf where it isn't finite."""
        local = self.near({d: c @ at for d, c in self.columns.items()})
        own = np.where(np.arange(len(at)) < self.effects, at, 0.0)
        value = local.logp - 0.5 * own @ own
        slope = sum((self.columns[d].T @ local.slopes[d] for d in self.columns), -own)
        ones = sparse.diags_array((np.arange(len(at)) < self.effects).astype(float))
        pairs = [(a, b) for a in self.columns for b in self.columns]
        parts = (self.columns[a].T @ local.precisions[a, b] @ self.columns[b] for a, b in pairs)
        matrix = sum(parts, ones).tocsr()
        finite = np.isfinite(value) and np.isfinite(slope).all() and np.isfinite(matrix.data).all()
        return (value if finite else -np.inf), slope, matrix
