"""Naming an account, confirming it as a second person, and freezing what a party is owed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, sealing
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Actor, Permission, Role
from registry.accounts.queries import accounts_behind
from registry.parties.model import Party
from settlement.payees import queries
from settlement.payees.model import PayeeAccount, PayeeFreeze, PayeeNotice
from settlement.payees.rules import (
    AccountAct,
    AccountKind,
    AccountState,
    Coordinates,
    after,
    check,
    effective_at,
    masked,
)

WAIT = timedelta(hours=24)  # E12: who was paid before has a day to object
LAST_SHOWN = 4


class SecondPersonNeeded(NotAllowed):
    """Whoever names an account does not confirm it, nor does anybody of the party itself."""

    code = "payee.second_person"
    title = "须由另一人办理"
    title_en = "A second person is needed"


def ask(
    session: Session, actor: Actor, *, place: str, uscc: str = "", kind: AccountKind, holder: str, number: str,
    bank: str = "", bank_code: str = "", item_code: str = "", contact: str, reason: str, now: datetime,
) -> PayeeAccount:  # fmt: skip
    """Name the account on which a party is paid at a place, or the treasury's; finance confirms it.

    Without ``uscc`` it is the treasury of the place, which finance names.

    Raises:
        NoSuchPayee: there is no such organisation.
        NotAllowed: the actor acts neither for the party nor prepares payments at the place.
        AccountUnusable: a number is malformed, or the holder is not the party.

    Source:
        REV-05; E12.
    """
    party = queries.party_named(session, uscc) if uscc else None
    if party is None or actor.org_id != party.id:
        actor.must_be(Role.FINANCE_PREPARER, place=place)
    actor.must(Permission.PAYEE_WRITE, org_id=party.id if party is not None else None, place=place)
    check(Coordinates(kind, holder, number, bank, bank_code, item_code), party_name=party.name if party else None)
    assert actor.id is not None
    identity = new_id()
    made = PayeeAccount(
        id=identity, place=place, party_id=party.id if party else None, kind=kind, holder=holder, bank=bank,
        sealed_number=sealing.seal(session, number, bound_to=identity.hex), bank_code=bank_code,
        number_digest=sealing.digests(session, number)[0], shown=masked(number, LAST_SHOWN), item_code=item_code,
        contact=contact, reason=reason, asked_at=now, asked_by=actor.name, asked_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _tell(session, actor, made, f"申请将收款账户变更为 {made.shown}（{bank or kind}），待财务复核", now)
    audit.record(session, actor, "payee.ask", made, at=now, note=reason[:200], detail={"number": made.shown})
    return made


def reveal(session: Session, actor: Actor, account_id: UUID, *, now: datetime) -> str:
    """Return the whole number of an account to the person who is to confirm it; each time is noted.

    Raises:
        NoSuchAccount: there is none that the actor may know of.
        NotAllowed: the actor confirms nothing at the place.
        SecondPersonNeeded: the actor named it, or belongs to the party.
        WrongState: it has been decided.
    """
    found = queries.visible(session, actor, account_id)
    _must_be_second(session, actor, found)
    after(found.state, AccountAct.CONFIRM)
    audit.record(session, actor, "payee.reveal", found, at=now, detail={"number": found.shown})
    return queries.number_of(session, found)


def decide(
    session: Session, actor: Actor, account_id: UUID, *, act: AccountAct, reason: str, now: datetime
) -> PayeeAccount:
    """Confirm, refuse or withdraw a named account; confirmed, it is paid to 24 hours later.

    Raises:
        NoSuchAccount: there is none that the actor may know of.
        NotAllowed: the actor confirms nothing at the place, or withdraws what somebody else named.
        SecondPersonNeeded: the actor named it, or belongs to the party.
        WrongState: it has been decided.
    """
    found = queries.visible(session, actor, account_id, lock=True)
    is_own = actor.id in accounts_behind(session, found.asked_by_id)
    if act is AccountAct.WITHDRAW:
        actor.must(Permission.PAYEE_WRITE, org_id=found.party_id, place=found.place)
        if not is_own and (actor.org_id is None or actor.org_id != found.party_id):
            raise NotAllowed("收款账户的申请只能由申请人或本单位撤回", detail_en="Only who asked may withdraw it")
    else:
        _must_be_second(session, actor, found)
    found.state = after(found.state, act)
    found.decided_at, found.decided_by, found.decided_by_id = now, actor.name, None if is_own else actor.id
    found.decided_reason = reason
    words = {AccountState.REFUSED: "变更未获同意", AccountState.WITHDRAWN: "变更已撤回"}
    if found.state is AccountState.CONFIRMED:
        found.effective_at = effective_at(now, WAIT)
        words[AccountState.CONFIRMED] = f"变更已确认，{WAIT.days} 日后生效；如非贵单位本意，请立即联系财务"
    session.flush()
    _tell(session, actor, found, f"收款账户 {found.shown} {words[found.state]}", now)
    audit.record(session, actor, f"payee.{act}", found, at=now, note=reason[:200], detail={"number": found.shown})
    return found


def _must_be_second(session: Session, actor: Actor, found: PayeeAccount) -> None:
    actor.must(Permission.PAYEE_CONFIRM, place=found.place)
    is_own = actor.id in accounts_behind(session, found.asked_by_id)
    if is_own or (actor.org_id is not None and actor.org_id == found.party_id):
        raise SecondPersonNeeded(
            "收款账户由您登记，或属于您所在单位，须由另一位财务人员向原联系人核实后复核", rule="REV-05",
            detail_en="Somebody else confirms it",
        )  # fmt: skip


def _tell(session: Session, actor: Actor, account: PayeeAccount, text: str, now: datetime) -> None:
    """Write the notice to the contact of the account in force, or of the party where there is none."""
    before = queries.in_force(session, place=account.place, party_id=account.party_id, now=now)
    party = session.get(Party, account.party_id) if account.party_id is not None else None
    contact = before.contact if before is not None else ((party.contact if party else None) or account.contact)
    told = PayeeNotice(
        account_id=account.id, before_id=before.id if before else None, place=account.place,
        party_id=account.party_id, about=account.state, contact=contact, text=text, told_at=now,
    )  # fmt: skip
    session.add(told)
    session.flush()
    audit.record(session, actor, "payee.tell", told, at=now)


def freeze(
    session: Session, actor: Actor, *, place: str, uscc: str, document: str, reason: str, now: datetime
) -> PayeeFreeze:
    """Stop paying a party at a place by order of a court or authority; others are paid as before (H8).

    Raises:
        NoSuchPayee: there is no such organisation.
        NotAllowed: the actor does not supervise the place.
    """
    actor.must(Permission.PAYEE_FREEZE, place=place)
    party = queries.party_named(session, uscc)
    made = PayeeFreeze(place=place, party_id=party.id, document=document, reason=reason, placed_at=now,
                       placed_by=actor.name)  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "payee.freeze", made, at=now, note=document)
    return made


def lift(session: Session, actor: Actor, freeze_id: UUID, *, document: str, now: datetime) -> PayeeFreeze:
    """Lift a freeze: the first person asks, a second one confirms.

    Raises:
        NoSuchFreeze: there is none that the actor may know of.
        NotAllowed: the actor does not supervise the place.
        SecondPersonNeeded: the actor asked for it.
    """
    found = queries.visible_freeze(session, actor, freeze_id)
    actor.must(Permission.PAYEE_FREEZE, place=found.place)
    if found.lifted_at is not None:
        return found
    if found.lift_asked_by_id is None:
        found.lift_asked_by, found.lift_asked_by_id, found.lift_document = actor.name, actor.id, document
        audit.record(session, actor, "payee.ask_lift", found, at=now, note=document)
        return found
    if actor.id in accounts_behind(session, found.lift_asked_by_id):
        raise SecondPersonNeeded("解除冻结由您提出，须由另一人确认", detail_en="Somebody else confirms")
    found.lifted_at, found.lifted_by, found.lifted_by_id = now, actor.name, actor.id
    audit.record(session, actor, "payee.lift", found, at=now, note=found.lift_document)
    return found
