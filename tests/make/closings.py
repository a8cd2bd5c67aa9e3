"""A registration that two registrars closed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from registry.closings import commands
from registry.registrations.model import Registration
from registry.registrations.rules import RevocationGround
from tests.make.registry_products import CODED_AT, reviewer


def revoke(
    session: Session,
    registration_id: UUID,
    *,
    place: str = "xinchang",
    ground: RevocationGround = RevocationGround.FALSE_MATERIALS,
    reason: str = "提供虚假材料",
    now: datetime = CODED_AT,
) -> Registration:
    """Let one registrar ask for the revocation and another one confirm; return its entry in the register."""
    asked = commands.ask_revocation(session, reviewer(place), registration_id, ground=ground, reason=reason, now=now)
    return commands.confirm(session, reviewer(place), registration_id, asked.id, now=now)
