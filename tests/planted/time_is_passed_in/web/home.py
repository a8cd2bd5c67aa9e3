"""A page with a clock of its own."""

from datetime import datetime

from kernel import clock


def home():
    """Show it."""
    return clock.now(), datetime.utcnow()  # planted
