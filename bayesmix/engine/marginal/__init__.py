"""Normal models with the effects of one group integrated out, and drawn afterwards."""
