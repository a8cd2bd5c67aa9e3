"""Rating a million lines of use at once, to the fen as one by one."""
