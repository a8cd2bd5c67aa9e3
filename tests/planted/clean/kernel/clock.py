"""The only reader of the clock."""

from datetime import UTC, datetime


def now():
    """Return the moment."""
    return datetime.now(UTC)
