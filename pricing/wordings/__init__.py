"""How prices read in words."""
