"""Families: response distributions, their parameters and their links."""
