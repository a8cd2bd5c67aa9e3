"""Prices and caps that an assessment proposes to change, who decides on them, and what carries them out."""
