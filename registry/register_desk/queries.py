"""The registrar's worklist, page by page, along one index for each kind of step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.identity import FINANCE, WATCHERS, Actor
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.registrations.queries import in_scope
from registry.registrations.rules import RegistrationState

NEVER = date.max  # whoever waits for somebody else comes last
STEPS = (
    (RegistrationState.SUBMITTED, Registration.accept_due),
    (RegistrationState.ACCEPTED, Registration.review_due),
    (RegistrationState.PUBLIC_NOTICE, Registration.notice_end),
)
WAITING = (RegistrationState.RETURNED, RegistrationState.OBJECTED)
Position = tuple[date, UUID]


def worklist(
    session: Session,
    actor: Actor,
    *,
    limit: int = 50,
    after: Position | None = None,
    overdue_on: date | None = None,
) -> Sequence[Registration]:
    """Return what is under way within the actor's scope, the step that is due first on top.

    Each step has an index in the order of its last day, so that a page costs the same however much is under way.
    ``after`` is the position of the last one of the page before; with ``overdue_on`` only steps of the registrar
    whose last day was over by that day are returned (the end of a public notice is no such step).
    """
    branches = [
        _branch(actor, Registration.state == state, due, after, limit, overdue_on)
        for state, due in STEPS
        if overdue_on is None or state is not RegistrationState.PUBLIC_NOTICE
    ]
    if overdue_on is None:
        never = sa.cast(sa.literal(NEVER), sa.Date) if _is_postgresql(session) else sa.literal(NEVER, sa.Date)
        branches += [_branch(actor, Registration.state == state, never, after, limit, None) for state in WAITING]
    found = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
    chosen = sa.select(found.c.id).order_by(found.c.due, found.c.id).limit(limit)
    ids = session.scalars(chosen).all()
    query = (
        sa.select(Registration)
        .where(Registration.id.in_(ids))
        .options(joinedload(Registration.product), joinedload(Registration.registrant))
    )
    rows = {one.id: one for one in session.scalars(query)}
    return [rows[one] for one in ids if one in rows]


def position(registration: Registration) -> str:
    """Return where a registration stands in the worklist, as the address of the next page says it."""
    return f"{registration.due_date() or NEVER}_{registration.id}"


def position_of(text: str) -> Position | None:
    """Return the place in the worklist that a text names; the beginning where it names none."""
    day, _, identity = text.partition("_")
    try:
        return date.fromisoformat(day), UUID(identity)
    except ValueError:
        return None


def _branch(
    actor: Actor,
    in_state: sa.ColumnElement[bool],
    due: sa.ColumnElement[date] | sa.orm.InstrumentedAttribute[date | None],
    after: Position | None,
    limit: int,
    overdue_on: date | None,
) -> sa.Select[UUID, date]:
    query = sa.select(Registration.id, sa.type_coerce(due, sa.Date).label("due")).where(in_state)
    if all(grant.role in (*WATCHERS, *FINANCE) for grant in actor.grants):
        places = actor.places()
        if places is not None:
            query = query.where(Registration.place.in_(sorted(places)))
    else:
        query = query.join(Product, Product.id == Registration.product_id).where(in_scope(actor))
    if after is not None:
        query = query.where(sa.tuple_(due, Registration.id) > sa.tuple_(*map(sa.literal, after)))
    if overdue_on is not None:
        query = query.where(due < overdue_on)
    return query.order_by(due, Registration.id).limit(limit)


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
