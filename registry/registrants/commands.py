"""Keeping who else stands behind an application; called by the command that takes the application in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor
from registry.parties import queries as parties
from registry.parties.rules import check_in_order
from registry.records.commands import keep
from registry.registrants.model import CoRegistrant, InterestedParty
from registry.registrants.rules import ApplicationMode, Interest, Other, check_others


def keep_others(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    registrant_id: UUID,
    mode: ApplicationMode | None,
    others: Sequence[Other],
    now: datetime,
) -> list[CoRegistrant]:
    """Keep the other registrants with what each signed; without any, nothing is kept.

    Raises:
        RegistrantsIncomplete: they contradict themselves.
        NoSuchParty: one of them is not registered here.
        NotInOrder: one of them is suspended or has ended.
        FileRefused: a consent is empty or too large.

    Source:
        发改数据规〔2025〕26号 第七条 (REG-05).
    """
    check_others(registrant_id, mode, [other.party_id for other in others])
    if mode is None:
        return []
    kept = []
    for other in others:
        party = parties.get(session, other.party_id)
        check_in_order(party.name, party.standing)
        kept.append(
            CoRegistrant(
                registration_id=registration_id, party_id=party.id, mode=mode,
                evidence_sha256=keep(session, actor, other.upload, now=now),
            )
        )  # fmt: skip
    session.add_all(kept)
    about = ("registry_registration", str(registration_id))
    audit.record(session, actor, "registration.join", about, at=now, note=f"{mode}：{len(kept)}")
    return kept


def keep_interest(
    session: Session, actor: Actor, registration_id: UUID, *, interest: Interest, now: datetime
) -> InterestedParty:
    """Keep who asked for a correction in place of the registrant, with consent or proof.

    Raises:
        NoSuchParty: it is not registered here.
        FileRefused: consent or proof is empty or too large.

    Source:
        发改数据规〔2025〕26号 第九条（三） (REG-08).
    """
    party = parties.get(session, interest.party_id)
    kept = InterestedParty(
        registration_id=registration_id, party_id=party.id, basis=interest.basis,
        evidence_sha256=keep(session, actor, interest.upload, now=now),
    )  # fmt: skip
    session.add(kept)
    about = ("registry_registration", str(registration_id))
    audit.record(session, actor, "registration.state_interest", about, at=now, note=interest.basis)
    return kept
