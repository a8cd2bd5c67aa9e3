"""Products that the operator's own platform serves: where it is, how we ask it, and whether it answers."""
