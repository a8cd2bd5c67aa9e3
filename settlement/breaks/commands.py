"""What persons and runs do about breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Invalid
from kernel.identity import ROLES_OF, Actor, Permission
from registry.accounts import queries as accounts
from registry.accounts.model import Account
from settlement.breaks import queries
from settlement.breaks.model import Break, BreakStep
from settlement.breaks.rules import (
    BreakAct,
    BreakState,
    Resolution,
    after,
    must_be_another,
    must_be_as_proposed,
    must_be_healed,
    owner_of,
)
from settlement.matching.rules import Finding, Item, digest


class NotAnOwner(Invalid):
    """The person named has nothing to do with settlements of the place."""

    code = "break.not_an_owner"
    title = "不能指定该人员经办"
    title_en = "That person cannot be named"


def take_in(
    session: Session, actor: Actor, *, place: str, findings: Sequence[Finding], run_number: str, now: datetime
) -> int:
    """Keep what a run found: new breaks are opened, known ones are linked to the run; return how many are new.

    A closed break that is found again with other facts is opened again; nothing is ever closed here.

    Raises:
        NotAllowed: the actor prepares no settlements of the place.
    """
    actor.must(Permission.RECONCILE, place=place)
    known = queries.by_fingerprint(session, place, {one.fingerprint for one in findings})
    new, history = [], []
    for one in findings:
        facts = queries.facts_of(one.items)
        sha256 = digest(str(sorted(fact.items())) for fact in facts)
        before = known.get(one.fingerprint)
        if before is None:
            made = Break(
                number=numbering.number(session, f"BRK-{place}", business_date(now)), place=place, kind=one.kind,
                fingerprint=one.fingerprint, side=one.side, flow=one.flow, reference=one.reference,
                order_number=next((item.order for item in one.items if item.order), ""), difference=one.difference,
                since=one.since, facts=facts, facts_sha256=sha256, owner=owner_of(one.kind, one.side),
                state=BreakState.OPEN, found_at=now, run_number=run_number,
            )  # fmt: skip
            new.append((made, sha256))
        elif before.facts_sha256 != sha256 or before.healed_at is not None:
            history.append((before, facts, sha256, one))
    session.add_all(made for made, _ in new)
    session.flush()
    session.add_all(_step(made, 1, BreakAct.FIND, actor, now, sha256=sha256, run=run_number) for made, sha256 in new)
    for before, facts, sha256, one in history:
        _seen_again(session, actor, before, facts, sha256, one, run_number, now)
    audit.record(session, actor, "break.take_in", ("settlement_reconciliation_run", run_number), at=now,
                 detail={"new": len(new), "changed": len(history)})  # fmt: skip
    return len(new)


def _seen_again(
    session: Session, actor: Actor, before: Break, facts: list[dict[str, str]], sha256: str, one: Finding,
    run_number: str, now: datetime,
) -> None:  # fmt: skip
    session.refresh(before, with_for_update=True)
    is_closed = before.state is BreakState.CLOSED
    act = BreakAct.REOPEN if is_closed else BreakAct.SEE_AGAIN
    before.state = after(before.state, act, before.number)
    before.facts, before.facts_sha256, before.difference = facts, sha256, one.difference
    before.closed_at = before.healed_at = None
    before.healed_by_run = ""
    _note(session, actor, before, act, now, note="", sha256=sha256, run=run_number, facts=facts)


def heal(session: Session, actor: Actor, one: Break, *, items: Sequence[Item], run_number: str, now: datetime) -> None:
    """Link to a break the items with which the sides agree now; it stays open until two persons close it.

    Raises:
        NotAllowed: the actor prepares no settlements of the place.
    """
    actor.must(Permission.RECONCILE, place=one.place)
    one.healed_at, one.healed_by_run = now, run_number
    facts = queries.facts_of(items)
    known = {(fact["side"], fact["key"]) for fact in one.facts}
    late = [fact for fact in facts if (fact["side"], fact["key"]) not in known]
    _note(session, actor, one, BreakAct.HEAL, now, note="", run=run_number, facts=late or facts)
    audit.record(session, actor, "break.heal", one, at=now, note=run_number)


def assign(session: Session, actor: Actor, number: str, *, login: str, note: str, now: datetime) -> Break:
    """Name the person who works on a break.

    Raises:
        NoSuchBreak, NotAllowed: unknown to the actor, or not for the actor.
        WrongState: it waits for the second person, or is closed.
        NotAnOwner: there is no such person at the place.
    """
    found = _opened(session, actor, number, Permission.SETTLEMENT_PREPARE)
    following = after(found.state, BreakAct.ASSIGN, number)
    person = session.scalar(sa.select(Account).where(Account.login == login.strip()))
    roles = accounts.duties_of(session, [person.id]) if person is not None else set()
    if person is None or not roles.intersection(ROLES_OF[Permission.SETTLEMENT_READ]):
        raise NotAnOwner(f"没有可办理结算的账号“{login[:40]}”，请核对登录名",
                         detail_en="No such account with a duty in finance")  # fmt: skip
    found.state, found.assigned_to, found.assigned_name = following, person.id, person.name
    _note(session, actor, found, BreakAct.ASSIGN, now, note=f"{person.name}：{note}" if note else person.name)
    audit.record(session, actor, "break.assign", found, at=now, note=number)
    return found


def explain(session: Session, actor: Actor, number: str, *, note: str, now: datetime) -> Break:
    """Say what happened.

    Raises:
        NoSuchBreak, NotAllowed: unknown to the actor, or not for the actor.
        WrongState: it waits for the second person, or is closed.
    """
    found = _opened(session, actor, number, Permission.SETTLEMENT_PREPARE)
    found.state = after(found.state, BreakAct.EXPLAIN, number)
    _note(session, actor, found, BreakAct.EXPLAIN, now, note=note)
    audit.record(session, actor, "break.explain", found, at=now, note=number)
    return found


def propose(session: Session, actor: Actor, number: str, *, resolution: Resolution, note: str, now: datetime) -> Break:
    """Propose to close a break, for a second person to confirm.

    Raises:
        NoSuchBreak, NotAllowed: unknown to the actor, or not for the actor.
        WrongState: nobody has explained it, or it waits already.
        NotHealed: a late line is given as the reason and none has come.
    """
    found = _opened(session, actor, number, Permission.SETTLEMENT_PREPARE)
    following = after(found.state, BreakAct.PROPOSE, number)
    must_be_healed(number, resolution, is_healed=found.healed_at is not None)
    found.state = following
    sha256 = digest([number, found.facts_sha256, resolution, note])
    _note(session, actor, found, BreakAct.PROPOSE, now, note=note, resolution=resolution, sha256=sha256)
    audit.record(session, actor, "break.propose", found, at=now, note=number, detail={"sha256": sha256})
    return found


def confirm(session: Session, actor: Actor, number: str, *, sha256: str, note: str = "", now: datetime) -> Break:
    """Close a break as proposed; by another natural person than who explained or proposed.

    Raises:
        NoSuchBreak, NotAllowed: unknown to the actor, or not for the actor.
        WrongState: nothing is proposed.
        SamePerson: the actor worked on it, under whichever account.
        ProposalChanged: something else was proposed since.
    """
    found, proposal, earlier = _decidable(session, actor, number, BreakAct.CONFIRM)
    must_be_another(number, actor.id, earlier)
    must_be_as_proposed(number, sha256, proposal.sha256)
    following = after(found.state, BreakAct.CONFIRM, number)
    _note(session, actor, found, BreakAct.CONFIRM, now, note=note, state=following, resolution=proposal.resolution,
          sha256=proposal.sha256, answers=proposal.id)  # fmt: skip
    found.state, found.closed_at = following, now  # the step goes first: the trigger asks for it
    session.flush()
    audit.record(session, actor, "break.confirm", found, at=now, note=number, detail={"sha256": proposal.sha256})
    return found


def reject(session: Session, actor: Actor, number: str, *, note: str, now: datetime) -> Break:
    """Refuse to close a break; it goes back to those who explain it.

    Raises:
        NoSuchBreak, NotAllowed: unknown to the actor, or not for the actor.
        WrongState: nothing is proposed.
        SamePerson: the actor worked on it.
    """
    found, proposal, earlier = _decidable(session, actor, number, BreakAct.REJECT)
    must_be_another(number, actor.id, earlier)
    found.state = after(found.state, BreakAct.REJECT, number)
    _note(session, actor, found, BreakAct.REJECT, now, note=note, answers=proposal.id, sha256=proposal.sha256)
    audit.record(session, actor, "break.reject", found, at=now, note=number)
    return found


def reopen(session: Session, actor: Actor, number: str, *, note: str, now: datetime) -> Break:
    """Open a closed break again.

    Raises:
        NoSuchBreak, NotAllowed: unknown to the actor, or not for the actor.
        WrongState: it is not closed.
    """
    found = _opened(session, actor, number, Permission.SETTLEMENT_CHECK)
    found.state, found.closed_at = after(found.state, BreakAct.REOPEN, number), None
    _note(session, actor, found, BreakAct.REOPEN, now, note=note)
    audit.record(session, actor, "break.reopen", found, at=now, note=number)
    return found


def _opened(session: Session, actor: Actor, number: str, permission: Permission) -> Break:
    found = queries.locked(session, actor, number)
    actor.must(permission, place=found.place)
    return found


def _decidable(session: Session, actor: Actor, number: str, act: BreakAct) -> tuple[Break, BreakStep, set[UUID]]:
    found = _opened(session, actor, number, Permission.SETTLEMENT_CHECK)
    after(found.state, act, number)
    proposal = queries.waiting_proposal(session, found.id)
    assert proposal is not None  # the state says so
    return found, proposal, accounts.accounts_behind(session, *queries.workers(session, found.id))


def _note(
    session: Session, actor: Actor, found: Break, act: BreakAct, now: datetime, *, note: str, **more: Any
) -> None:
    """Add one step, in its place; the break's version counts it."""
    query = sa.select(sa.func.max(BreakStep.position)).where(BreakStep.break_id == found.id)
    last: int | None = session.scalar(query)
    session.add(_step(found, (last or 0) + 1, act, actor, now, note=note, **more))
    flag_modified(found, "state")
    session.flush()


def _step(
    found: Break, position: int, act: BreakAct, actor: Actor, now: datetime, *, note: str = "", sha256: str = "",
    run: str = "", facts: Sequence[Mapping[str, str]] = (), resolution: Resolution | None = None,
    answers: UUID | None = None, state: BreakState | None = None,
) -> BreakStep:  # fmt: skip
    return BreakStep(
        break_id=found.id, position=position, act=act, state=state or found.state, note=note, resolution=resolution,
        sha256=sha256, answers_id=answers, run_number=run, facts=list(facts), actor_id=actor.id,
        actor_name=actor.name, at=now,
    )  # fmt: skip
