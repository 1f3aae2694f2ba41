"""What a model's parameters are: names, dimensions, who has a prior, and where each belongs."""

from bayesmix.parameters.parameter import Parameter, Role, Transform, labels
from bayesmix.parameters.slots import Key, Slot
from bayesmix.parameters.target import MAIN, SPECIFIC, Target

__all__ = ["MAIN", "SPECIFIC", "Key", "Parameter", "Role", "Slot", "Target", "Transform", "labels"]
