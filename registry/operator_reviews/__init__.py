"""Operator-level security reviews (RVW-01): basic and technical security, valid for the years that the place names."""
