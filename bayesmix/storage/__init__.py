"""A fit in one file: netCDF, with nothing in it that is executed when it is read."""

from bayesmix.storage.archive import Stored
from bayesmix.storage.fit import read_fit, save_fit, save_fits
from bayesmix.storage.recipe import write_frame, write_recipe

__all__ = ["Stored", "read_fit", "save_fit", "save_fits", "write_frame", "write_recipe"]
