"""Reads of statements: an organisation sees its own and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from registry.parties.model import Party
from settlement.statements.model import Statement


class NoSuchStatement(NotFound):
    """There is no such statement, or none that the actor may know of."""

    code = "settlement.statement_not_found"


@dataclass(frozen=True, slots=True)
class Issued:
    """A statement with its addressee."""

    statement: Statement
    party: Party


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[Statement]:
    """Return the query of the statements within the actor's scope."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.STATEMENT_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Statement.place == grant.place)
        elif grant.org_id is not None:
            reached.append(Statement.party_id == grant.org_id)
    query = sa.select(Statement).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(Statement.place == place)


def visible(session: Session, actor: Actor, number: str) -> Issued:
    """Return a statement by its number.

    Raises:
        NoSuchStatement: there is none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(Statement.number == number))
    if found is None:
        raise NoSuchStatement(f"没有结算单 {number}，或不属于本单位", detail_en=f"No statement {number}")
    return Issued(found, session.get_one(Party, found.party_id))


def names_of(session: Session, statements: list[Statement]) -> dict[UUID, str]:
    """Return the names of the addressees."""
    ids = {statement.party_id for statement in statements}
    query = sa.select(Party.id, Party.name).where(Party.id.in_(ids))
    return dict(session.execute(query).all())


def of_run(session: Session, run_id: UUID) -> list[tuple[Statement, Party]]:
    """Return the statements of a settlement with their addressees, by number."""
    query = (
        sa.select(Statement, Party)
        .join(Party, Party.id == Statement.party_id)
        .where(Statement.run_id == run_id)
        .order_by(Statement.number)
    )
    return [(statement, party) for statement, party in session.execute(query)]
