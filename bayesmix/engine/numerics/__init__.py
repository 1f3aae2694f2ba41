"""Functions of one or a few numbers, with slopes, in plain Python that the engine compiles."""
