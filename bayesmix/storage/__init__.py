"""A fit in one file: netCDF, with nothing in it that is executed when it is read."""

from bayesmix.storage.fit import load, save

__all__ = ["load", "save"]
