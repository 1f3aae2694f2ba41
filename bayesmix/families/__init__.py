"""Families: response distributions, their parameters and their links."""

from bayesmix.families.custom import custom_family
from bayesmix.families.family import Dpar, Family
from bayesmix.families.links import LINKS, Link
from bayesmix.families.mixture import mixture
from bayesmix.families.registry import FAMILIES, family

__all__ = ["FAMILIES", "LINKS", "Dpar", "Family", "Link", "custom_family", "family", "mixture"]
