"""Example data: :func:`load_dataset`, :func:`list_datasets`, :func:`describe_dataset`."""

from __future__ import annotations

from bayesmix.datasets.load import describe_dataset, list_datasets, load_dataset

__all__ = ["describe_dataset", "list_datasets", "load_dataset"]
