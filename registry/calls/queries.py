"""Reading calls: the published ones are for everybody, drafts for the authority of the place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from registry.calls.model import Call, CallInvitation
from registry.calls.rules import PUBLIC_STATES, CallState
from registry.plans.model import Plan


class NoSuchCall(NotFound):
    """There is no such call, or none that the reader may know of."""

    code = "call.not_found"


def get(session: Session, call_id: UUID, *, lock: bool = False) -> Call:
    """Return the call with plan and invitations; locked and read afresh on demand.

    Raises:
        NoSuchCall: there is none.
    """
    query = _whole(sa.select(Call).where(Call.id == call_id))
    if lock:
        query = query.with_for_update(of=Call).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise none_such(str(call_id))
    return found


def visible(session: Session, actor: Actor, call_id: UUID) -> Call:
    """Return a call, read afresh, that was published, or that the actor may write.

    Raises:
        NoSuchCall: there is none, or none that the reader may know of.
    """
    query = _whole(listed(actor).where(Call.id == call_id))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise none_such(str(call_id))
    return found


def listed(actor: Actor, *, place: str | None = None, state: CallState | None = None) -> sa.Select[Call]:
    """Return the query of calls that the reader may see, signed in or not.

    A call is public from the moment of publication (27号 第十二条; 新昌 三（四）3（1）); drafts are for its writers.
    """
    reached: list[sa.ColumnElement[bool]] = [sa.and_(Call.published_at.is_not(None), Call.state.in_(PUBLIC_STATES))]
    for grant in actor.grants:
        if actor.may(Permission.CALL_WRITE, place=grant.place):
            reached.append(sa.true() if grant.place is None else Call.place == grant.place)
    query = sa.select(Call).where(sa.or_(*reached)).options(joinedload(Call.plan))
    if place is not None:
        query = query.where(Call.place == place)
    return query if state is None else query.where(Call.state == state)


def open_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a call takes applications on that day: :meth:`Call.is_open` for sets."""
    return sa.and_(Call.state == CallState.PUBLISHED, Call.opens_on <= on, Call.closes_on >= on)


def is_invited(call: Call, party_id: UUID) -> bool:
    """Say whether the organisation is on the list of a call (invitations loaded)."""
    return any(invitation.party_id == party_id for invitation in call.invitations)


def history(session: Session, call_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the call, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Call.__tablename__, audit.AuditLine.object_id == str(call_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def none_such(name: str) -> NoSuchCall:
    """Return the refusal of a call that is not there, or not for this reader."""
    return NoSuchCall(f"没有公告 {name}，或尚未发布", detail_en=f"No call {name}.")


def _whole(query: sa.Select[Call]) -> sa.Select[Call]:
    return query.options(
        joinedload(Call.plan).joinedload(Plan.implementing_institution),
        selectinload(Call.invitations).joinedload(CallInvitation.party),
    )
