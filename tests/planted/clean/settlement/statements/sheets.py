"""A spreadsheet as it should be."""

import pandas


def amounts(path, folder):
    """Return the cells as text."""
    return pandas.read_excel(path / folder, dtype=str)["amount"].astype("string")
