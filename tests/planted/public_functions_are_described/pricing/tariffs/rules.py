"""Functions without a word about units."""


def rate(quantity):  # planted
    return quantity


def _inner(quantity):
    return quantity
