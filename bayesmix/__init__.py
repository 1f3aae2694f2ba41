"""Bayesian multilevel models from formulas."""
