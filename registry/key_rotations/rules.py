"""How a replaced key is named and until when it still holds; pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import count

from kernel.errors import Conflict, Invalid


class KeyEnded(Conflict):
    """The key holds no longer: there is nothing to replace."""

    code = "account.key_ended"


class OverlapTooLong(Invalid):
    """The old key may hold beside the new one for a few days only."""

    code = "account.overlap_too_long"


def next_name(name: str, taken: Collection[str], length_max: int) -> str:
    """Return the name of the key that replaces ``name``: the same with the next free number, cut to ``length_max``."""
    head, _, tail = name.rpartition(" ")
    stem = head if head and tail.isdecimal() else name
    candidates = (f"{stem[: length_max - len(str(n)) - 1]} {n}" for n in count(2))
    return next(found for found in candidates if found not in taken)


def check_replaceable(name: str, *, revoked_at: datetime | None, expires_at: datetime, now: datetime) -> None:
    """Refuse to replace a key that holds no longer.

    Raises:
        KeyEnded: it was revoked, or its term is over.
    """
    if revoked_at is not None or now >= expires_at:
        raise KeyEnded(
            f"访问密钥“{name}”已撤销或到期，不能更换；请建立新密钥",
            detail_en="The key was revoked or has expired; create a new one.",
        )


def check_overlap(hours: int, hours_max: int) -> None:
    """Refuse an overlap below zero or longer than ``hours_max``.

    Raises:
        OverlapTooLong: it is.
    """
    if not 0 <= hours <= hours_max:
        raise OverlapTooLong(
            f"新旧密钥并用的时间须为 0–{hours_max} 小时，0 为立即停用旧密钥",
            detail_en=f"Both keys hold together for 0 to {hours_max} hours; 0 ends the old one at once.",
            errors=[{"pointer": "/overlap_hours", "code": OverlapTooLong.code, "message": f"0–{hours_max}"}],
        )


def old_key_ends(expires_at: datetime, now: datetime, overlap: timedelta) -> datetime:
    """Return when the replaced key ends: after the overlap, never later than it would have ended anyway."""
    return min(expires_at, now + overlap)
