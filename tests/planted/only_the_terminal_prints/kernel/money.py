"""Noise."""


def total(amounts):
    """Return the sum."""
    print(amounts)  # planted
    return sum(amounts)
