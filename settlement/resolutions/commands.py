"""Proposing what became of a payout, confirming it as a second person, and hearing the provider contradict it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import ZERO
from market.bank_lines.rules import LineState
from market.payments.rules import Answer, Outcome
from registry.accounts.queries import accounts_behind
from settlement.breaks.commands import take_in
from settlement.matching.rules import Finding, Flow, Item, Kind, Side
from settlement.payouts.commands import conclude
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.queries import held_fast
from settlement.payouts.rules import Channel, PayoutEvent, PayoutState, payout_after
from settlement.resolutions import queries
from settlement.resolutions.model import PayoutResolution
from settlement.resolutions.rules import (
    FINAL,
    IN_AGREEMENT,
    SAYS_NOTHING,
    Fate,
    ResolutionAct,
    ResolutionState,
    WrongState,
    after,
    must_be_another,
    must_be_shown,
    must_be_unheard_of,
    must_be_unknown,
    must_be_unused,
    must_fit,
)

EVENTS = {Fate.CONFIRMED: PayoutEvent.CONFIRM, Fate.RETURNED: PayoutEvent.RETURN}


def propose(
    session: Session, actor: Actor, number: str, *, fate: Fate, words: str, bank_line: str = "",
    provider_reference: str = "", file: Mapping[str, Any] | None = None, now: datetime,
) -> PayoutResolution:  # fmt: skip
    """Propose what became of a payout of unknown fate, with its evidence; a second person confirms it.

    Raises:
        NoSuchPayout: there is none that the actor may know of.
        NotAllowed: the actor prepares no payouts at the place.
        SamePerson: the actor paid it.
        WrongState: its fate is not unknown, or another proposal waits.
        EvidenceUnfit: the line, reference or file is missing, or is not this payout's.
        FileRefused: the file is empty or too large.

    Source:
        R9; 会计法 第三十五条.
    """
    found = queries.numbered(session, actor, number)
    actor.must(Permission.PAYOUT_PREPARE, place=found.place)
    payout, batch = held_fast(session, found.id)
    must_be_another(number, actor.id, accounts_behind(session, batch.sent_by_id), "付款")
    must_be_unknown(payout.state, number)
    standing = queries.of_payouts(session, [payout.id]).get(payout.id, [])
    if any(one.state is ResolutionState.PROPOSED for one in standing):
        raise WrongState(f"拨付 {number} 已有待复核的处理方案，请先办结或撤回", detail_en="A proposal waits already")
    is_sent_again = fate is Fate.SENT_AGAIN
    bank_line, reference = ("", "") if is_sent_again else (bank_line.strip(), provider_reference.strip())
    must_be_shown(fate, batch.channel, bank_line=bank_line, reference=reference, has_file=file is not None)
    _must_be_its_own(session, payout, fate, bank_line, reference)
    assert actor.id is not None
    made = PayoutResolution(
        place=payout.place, payout_id=payout.id, fate=fate, bank_line=bank_line, provider_reference=reference,
        file_sha256=files.keep(session, now=now, **file) if file else None, words=words, proposed_at=now,
        proposed_by=actor.name, proposed_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "payout_resolution.propose", made, at=now, note=words[:200], detail={
        "payout": number, "fate": fate, "line": bank_line or reference, "sha256": made.file_sha256 or "",
    })  # fmt: skip
    return made


def _must_be_its_own(session: Session, payout: Payout, fate: Fate, bank_line: str, reference: str) -> None:
    """Refuse evidence of another payout, another amount or the other direction.

    Raises:
        EvidenceUnfit: it is.
    """
    if bank_line:
        line = queries.bank_line(session, payout.place, bank_line)
        must_fit(payout.number, payout.amount, line.amount if line else None, fate=fate,
                 is_out=line is not None and line.state is LineState.OUTGOING)  # fmt: skip
        must_be_unused("bank_line", queries.holder_of(session, Payout.bank_line, bank_line, payout.id))
    if reference:
        must_be_unused("provider_reference",
                       queries.holder_of(session, Payout.provider_id, reference, payout.id))  # fmt: skip


def decide(
    session: Session, actor: Actor, resolution_id: UUID, *, act: ResolutionAct, words: str, now: datetime,
    answer: Answer = Answer.UNKNOWN,
) -> PayoutResolution:  # fmt: skip
    """Confirm or refuse a proposal as the second person, or withdraw one's own; confirmed, it is booked.

    ``answer`` is what the provider has just said about the transfer; only when it knows of none it is sent again.

    Raises:
        NoSuchResolution: there is none that the actor may know of.
        NotAllowed: the actor checks no payouts at the place, or withdraws what somebody else proposed.
        SamePerson: the actor proposed it, or paid.
        WrongState: it has been decided, or the provider has answered in the meantime.
        EvidenceUnfit: the line or reference has become another payout's.
        KnownToProvider: it is to be sent again, and the provider did not say that it knows nothing of it.
    """
    found = queries.visible(session, actor, resolution_id)
    payout, batch = held_fast(session, found.payout_id)
    found = queries.visible(session, actor, resolution_id, lock=True)
    proposer = accounts_behind(session, found.proposed_by_id)
    if act is ResolutionAct.WITHDRAW:
        actor.must(Permission.PAYOUT_PREPARE, place=found.place)
        if actor.id not in proposer:
            raise NotAllowed("处理方案只能由提出人撤回", detail_en="Only who proposed it may withdraw it")
    else:
        actor.must(Permission.PAYOUT_CHECK, place=found.place)
        must_be_another(payout.number, actor.id, proposer, "提出处理方案")
        must_be_another(payout.number, actor.id, accounts_behind(session, batch.sent_by_id), "付款")
    found.state = after(found.state, act, payout.number)
    found.decided_at, found.decided_by, found.decided_words = now, actor.name, words
    found.decided_by_id = None if act is ResolutionAct.WITHDRAW else actor.id
    if act is ResolutionAct.CONFIRM:
        must_be_unknown(payout.state, payout.number)
        _carry_out(session, actor, found, payout, batch, answer, now)
    session.flush()
    audit.record(session, actor, f"payout_resolution.{act}", found, at=now, note=words[:200],
                 detail={"payout": payout.number, "fate": found.fate, "answer": answer})  # fmt: skip
    return found


def _carry_out(
    session: Session, actor: Actor, found: PayoutResolution, payout: Payout, batch: PayoutBatch, answer: Answer,
    now: datetime,
) -> None:  # fmt: skip
    if found.fate is Fate.SENT_AGAIN:
        must_be_unheard_of(payout.number, answer)
        payout.state = payout_after(payout.state, PayoutEvent.SEND_AGAIN, payout.number)
        payout.provider_id = payout.answered_at = None  # the provider knows nothing of that name
        payout.words = found.words
        return
    _must_be_its_own(session, payout, found.fate, found.bank_line, found.provider_reference)
    payout.words = found.words
    if found.fate is Fate.CONFIRMED and batch.channel is Channel.STRIPE:
        payout.provider_id = found.provider_reference
    elif found.fate is Fate.CONFIRMED:
        payout.bank_line = found.bank_line
    conclude(session, actor, payout, batch, EVENTS[found.fate], now=now)


def hear(session: Session, actor: Actor, payout_id: UUID, outcome: Outcome, *, now: datetime) -> bool:
    """Hold what the provider says later against what people confirmed; return whether it contradicts that.

    Nothing that was booked changes: a contradiction opens a break of the reconciliation, once.

    Raises:
        NotAllowed: the actor does not follow payouts.
        NoSuchPayout: there is no such payout.
    """
    actor.must(Permission.PAYOUT_FOLLOW)
    payout, _ = held_fast(session, payout_id)
    found = queries.in_force(session, payout_id)
    if found is None or found.contradicted_at is not None or found.heard in FINAL:
        return False
    is_news, answer = outcome.answer not in SAYS_NOTHING, outcome.answer
    found.heard, found.heard_at = (answer if is_news else found.heard or Answer.UNKNOWN), now
    if not is_news or answer in IN_AGREEMENT[found.fate]:
        session.flush()
        return False
    found.contradicted_at = now
    session.flush()
    finding = _finding(payout, found, outcome, now)
    take_in(session, actor, place=payout.place, findings=[finding], run_number=payout.number, now=now)
    audit.record(session, actor, "payout_resolution.contradict", found, at=now, note=outcome.reason[:200],
                 detail={"payout": payout.number, "answer": answer})  # fmt: skip
    return True


def _finding(payout: Payout, found: PayoutResolution, outcome: Outcome, now: datetime) -> Finding:
    """Return the disagreement as a run of the reconciliation would name it, so that the next run finds the same one."""
    reference = outcome.provider_id or payout.provider_id or payout.number
    is_paid = payout.state is PayoutState.CONFIRMED
    said = Item(
        Side.PROVIDER, f"{payout.number}/{outcome.answer}", Flow.TRANSFER, reference,
        -payout.amount if outcome.answer is Answer.SUCCEEDED else ZERO, business_date(now), own=payout.number,
        words=outcome.reason or str(outcome.answer),
    )  # fmt: skip
    booked = Item(Side.ORDERS, payout.number, Flow.TRANSFER, reference, -payout.amount if is_paid else ZERO,
                  business_date(found.decided_at or now), own=payout.number, words=found.words)  # fmt: skip
    kind = Kind.AMOUNT if outcome.answer is Answer.MISMATCH else Kind.MISSING
    side = Side.PROVIDER if is_paid else Side.ORDERS
    return Finding(kind, side, Flow.TRANSFER, reference, (said, booked), payout.amount, booked.day)
