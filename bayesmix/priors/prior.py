"""A prior as the user states it."""
