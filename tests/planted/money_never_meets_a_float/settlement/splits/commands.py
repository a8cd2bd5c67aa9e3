"""A share that loses its fen on the way."""

import pandas
from sqlalchemy import Float, Numeric  # the column is what counts


def share(session, actor, amount, weight: float):  # planted
    """Divide."""
    audit.record(session, actor, "share", amount)
    return round(float(amount) * weight)  # planted  # planted


def read(path):
    """Read."""
    cells = pandas.read_csv(path)  # planted
    return cells["amount"].astype(float), cells["tax"].astype("float64")  # planted  # planted


def table(column):
    """Store."""
    return column(Float), column(Numeric(20, 2))  # planted  # planted


def rate() -> float:  # planted
    """Tell."""
    return 1
