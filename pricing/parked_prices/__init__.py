"""Changes of price that are out of bounds and wait for another person (停放的调价)."""
