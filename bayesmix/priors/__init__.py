"""Priors: their strings, brms's defaults, and the table of who gets which."""
