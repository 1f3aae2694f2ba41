"""Fits from elsewhere: draws that brms made in R become a `Fit`."""

from bayesmix.bridge.brms import from_brms

__all__ = ["from_brms"]
