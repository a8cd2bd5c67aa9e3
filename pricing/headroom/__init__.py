"""How much of the permitted revenue is left in the running year, day by day."""
