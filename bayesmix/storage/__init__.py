"""A fit in one file: netCDF, with nothing in it that is executed when it is read."""

from bayesmix.storage.fit import read_fit, save_fit

__all__ = ["read_fit", "save_fit"]
