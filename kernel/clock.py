"""The only reader of the system clock.

The demonstration tells a story that must read the same on any day, so it sets the clock with
:func:`set_to`; everything else takes the moment as an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

from kernel.calendar import business_date

_fixed: ContextVar[datetime | None] = ContextVar("huiyi_fixed_moment", default=None)
_process_offset: list[timedelta] = []


def now() -> datetime:
    """Return the present moment (aware, UTC), or the moment that a story has set."""
    fixed = _fixed.get()
    if fixed is not None:
        return fixed
    present = datetime.now(UTC)
    return present + _process_offset[0] if _process_offset else present


def today() -> date:
    """Return the present Beijing date."""
    return business_date(now())


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Let :func:`now` answer ``moment`` inside the block (stories and tests).

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("the story's moment needs a time zone")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)


def run_from(moment: datetime | None) -> None:
    """Let this process's clock run on from ``moment``: the demonstration site lives after its story."""
    _process_offset[:] = [] if moment is None else [moment.astimezone(UTC) - datetime.now(UTC)]
