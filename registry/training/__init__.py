"""Training before access: who passed what, and whether it still holds."""
