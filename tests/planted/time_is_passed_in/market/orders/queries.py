"""A query that gives another answer tomorrow."""

import datetime
import time
from datetime import UTC, date
from time import time as seconds  # planted

from kernel import clock  # planted
from kernel.clock import now  # planted
from sqlalchemy import func


def open_today(session):
    """Return what is open."""
    return (
        datetime.datetime.now(UTC),  # planted
        date.today(),  # planted
        time.time(),  # planted
        func.now(),  # planted
    )
