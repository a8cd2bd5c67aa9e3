"""What the public register says about an entry. Pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from registry.registrations.rules import RegistrationState


class EntryState(StrEnum):
    """What an entry of the register is worth on a day; nothing of it is stored."""

    EFFECTIVE = "effective"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


CLOSED = {
    RegistrationState.REPLACED: EntryState.REPLACED,
    RegistrationState.CANCELLED: EntryState.CANCELLED,
    RegistrationState.REVOKED: EntryState.REVOKED,
}


def entry_state(
    state: RegistrationState, valid_from: date | None, valid_until: date | None, on: date
) -> EntryState | None:
    """Return what an entry is worth on that day; ``None`` for what never got a code.

    Source:
        发改数据规〔2025〕26号 第十五条、第二十条 (REG-07, REG-08).
    """
    if valid_from is None or valid_until is None:
        return None
    if state in CLOSED:
        return CLOSED[state]
    if on < valid_from:
        return EntryState.NOT_YET
    return EntryState.EXPIRED if on > valid_until else EntryState.EFFECTIVE
