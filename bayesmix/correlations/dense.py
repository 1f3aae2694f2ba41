"""Correlations that are known as matrices: each group is whitened by a Cholesky factor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bayesmix.correlations.layout import Layout

Block = tuple[np.ndarray, int, Any]
"""Groups of so many rows, and the matrix that they have in common."""
Work = Callable[[Any, Any, int], tuple[Any, ...]]
"""Of a matrix, values of rows, and how many there are."""
AT_ONCE = 2**24
"""Numbers of matrices that are dealt with at a time."""


class Dense(ABC):
    """What a correlation can do whose groups have matrices (`blocks`)."""

    @abstractmethod
    def blocks(self, given: Mapping[str, Any], layout: Layout, m: Any) -> list[Block]:
        """The groups of a layout, and their matrices."""

    def whiten(
        self, given: Mapping[str, Any], residuals: Any, layout: Layout, m: Any
    ) -> tuple[Any, Any]:
        def work(matrix: Any, values: Any, size: int) -> tuple[Any, Any]:
            factor = m.linalg.cholesky(matrix)
            white = m.matmul(m.linalg.inv(factor), values)
            scale = factor * np.eye(size)
            return white, scale.sum(axis=-1)[..., None] + 0.0 * white

        return self._each(work, given, residuals, layout, m, (0.0, 1.0))

    def colour(self, given: Mapping[str, Any], white: Any, layout: Layout, m: Any) -> Any:
        def work(matrix: Any, values: Any, size: int) -> tuple[Any]:
            return (m.matmul(m.linalg.cholesky(matrix), values),)

        return self._each(work, given, white, layout, m, (0.0,))[0]

    def marginal(self, given: Mapping[str, Any]) -> np.ndarray:
        return np.ones((1, 1, 1))

    def precise(
        self, given: Mapping[str, Any], residuals: np.ndarray, layout: Layout
    ) -> tuple[np.ndarray, np.ndarray]:
        def work(
            matrix: np.ndarray, values: np.ndarray, size: int
        ) -> tuple[np.ndarray, np.ndarray]:
            precision = np.linalg.inv(matrix)
            product = precision @ values
            return product, np.diagonal(precision, axis1=-2, axis2=-1)[..., None] + 0.0 * product

        return self._each(work, given, residuals, layout, np, (0.0, 1.0))

    def _each(
        self,
        work: Work,
        given: Mapping[str, Any],
        values: Any,
        layout: Layout,
        m: Any,
        fill: tuple[float, ...],
    ) -> tuple[Any, ...]:
        """What becomes of every group's values, filled up, in the order of groups."""
        longest, done, order = len(layout.rows), [], []
        if m is np:
            return _in_parts(self, work, given, values, layout, fill)
        for groups, size, matrix in self.blocks(given, layout, m):
            made = work(matrix, values[..., :size, groups], size)
            done.append(
                [_filled(v, longest - size, by, m) for v, by in zip(made, fill, strict=True)]
            )
            order.append(groups)
        back = np.argsort(np.concatenate(order))
        return tuple(
            m.concatenate(list(parts), axis=-1)[..., back] for parts in zip(*done, strict=True)
        )


def _in_parts(
    dense: Dense,
    work: Work,
    given: Mapping[str, Any],
    values: np.ndarray,
    layout: Layout,
    fill: tuple[float, ...],
) -> tuple[np.ndarray, ...]:
    """The same in numpy, for some samples at a time."""
    samples, size = values.shape[0], len(layout.rows)
    made = tuple(np.full((samples, *layout.rows.shape), by) for by in fill)
    for some in parts(samples, size):
        own = {name: v[some] if len(v) > 1 else v for name, v in given.items()}
        for groups, count, matrix in dense.blocks(own, layout, np):
            found = work(matrix, values[some, :count][:, :, groups], count)
            for into, block in zip(made, found, strict=True):
                into[some, :count][:, :, groups] = block
    return made


def parts(samples: int, size: int) -> Iterator[slice]:
    """Samples whose matrices of `size` rows are together of a bearable size."""
    step = max(1, AT_ONCE // max(1, size * size))
    return (slice(start, start + step) for start in range(0, samples, step))


def _filled(values: Any, missing: int, by: float, m: Any) -> Any:
    """With so many positions more."""
    more = [m.zeros_like(values[..., :1, :]) + by] * missing
    return m.concatenate([values, *more], axis=-2)
