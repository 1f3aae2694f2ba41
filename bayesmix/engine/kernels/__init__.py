"""The compiled functions: log density and gradient of any model, from its tables."""
