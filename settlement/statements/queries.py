"""Reads of statements: an organisation sees its own and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from kernel.money import Money, total
from registry.parties.model import Party
from settlement.statements.model import Statement
from settlement.statements.rules import content, summed
from settlement.workings.queries import digest


class NoSuchStatement(NotFound):
    """There is no such statement, or none that the actor may know of."""

    code = "settlement.statement_not_found"


# settlements are a floor above their statements, which know of them only who made them
RUN = sa.table(
    "settlement_run",
    sa.column("id", sa.Uuid),
    *(sa.column(f"{act}_by_name", sa.Text) for act in ("prepared", "checked", "sealed")),
    sa.column("report_sha256", sa.Text),
)


@dataclass(frozen=True, slots=True)
class Makers:
    """Who prepared, checked and sealed the settlement of a statement, and the digest of its whole report."""

    prepared_by: str
    checked_by: str
    sealed_by: str
    report_sha256: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A statement with its addressee."""

    statement: Statement
    party: Party

    @property
    def name(self) -> str:
        """The name of the addressee when the statement was issued."""
        return self.statement.party_name or self.party.name

    @property
    def uscc(self) -> str:
        """The credit code of the addressee."""
        return self.statement.party_uscc or self.party.uscc

    @property
    def period(self) -> Period:
        """What it is about."""
        return Period(self.statement.period_start, self.statement.period_end)

    def content(self) -> dict[str, Any]:
        """Return what the digest was made of."""
        one = self.statement
        return content(
            uscc=self.uscc, name=self.name, place=one.place, period=self.period, amount=one.total, lines=one.lines
        )

    @property
    def is_intact(self) -> bool:
        """Say whether the statement still is what was issued: its digest and its sums."""
        one = self.statement
        paid = total(Money.yuan(text) for text in one.payees.values())
        return digest(self.content()) == one.sha256 and summed(one.lines, "share") == one.total == paid


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


def makers(session: Session, statement: Statement) -> Makers:
    """Return who prepared, checked and sealed the settlement of a statement."""
    query = sa.select(RUN.c.prepared_by_name, RUN.c.checked_by_name, RUN.c.sealed_by_name, RUN.c.report_sha256)
    return Makers(*session.execute(query.where(RUN.c.id == statement.run_id)).one())


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
