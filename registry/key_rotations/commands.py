"""Replacing a key in one step, so that no program is left without one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor, Permission
from registry.accounts import commands as accounts
from registry.accounts import queries as account_queries
from registry.accounts.commands import KEY_NAME_LENGTH_MAX
from registry.accounts.model import ApiKey
from registry.key_rotations.rules import check_overlap, check_replaceable, next_name, old_key_ends

OVERLAP_HOURS_MAX = 168  # a week: long enough to change a program, short enough for a key that may have leaked


def rotate(
    session: Session, actor: Actor, key_id: UUID, *, days: int, overlap_hours: int, now: datetime
) -> tuple[ApiKey, ApiKey, str]:
    """Replace one of the actor's own keys; return the new key, the old one, and the new secret, shown once.

    With ``overlap_hours`` 0 the old key is revoked at once; otherwise both hold for so long, and then the old one
    ends by itself.

    Raises:
        NotAllowed: the actor's roles do not call the interface.
        NoSuchKey: there is none, or it is another account's.
        KeyEnded: the key holds no longer.
        OverlapTooLong: ``overlap_hours`` is below 0 or above a week.
        KeyTooLong: ``days`` is not between 1 and 365.
    """
    actor.must(Permission.KEY_MANAGE)
    check_overlap(overlap_hours, OVERLAP_HOURS_MAX)
    old = session.scalar(
        sa.select(ApiKey).where(ApiKey.id == key_id, ApiKey.account_id == actor.id).with_for_update()
    )  # of two that replace the same key at once the second finds it replaced
    if old is None:
        raise account_queries.NoSuchKey(f"您名下没有编号为 {key_id} 的访问密钥", detail_en="No such key of yours.")
    check_replaceable(old.name, revoked_at=old.revoked_at, expires_at=old.expires_at, now=now)
    taken = {key.name for key in account_queries.keys_of(session, actor.id)}
    made, secret = accounts.create_key(
        session, actor, name=next_name(old.name, taken, KEY_NAME_LENGTH_MAX), days=days, now=now
    )
    if overlap_hours:
        old.expires_at = old_key_ends(old.expires_at, now, timedelta(hours=overlap_hours))
    else:
        old.revoked_at = now
    audit.record(session, actor, "account.rotate_key", old, at=now, note=old.prefix,
                 detail={"new": made.prefix, "overlap_hours": overlap_hours})  # fmt: skip
    return made, old, secret
