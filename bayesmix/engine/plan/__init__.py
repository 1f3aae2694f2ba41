"""A model made ready for the kernels: where parameters stand, what is centred, where to start."""
