"""Open balances by age as of a day, from the entries of the ledger; summed by the database."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY
from kernel.money import ZERO, Money
from registry.parties.model import Party
from settlement.ageing.rules import HEADS, Aged, Standing, aged
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import head_of
from settlement.scopes.rules import Scope

BOUNDS = (30, 60, 90, 180, 365)  # days; whatever is older is the last part
AGES = len(BOUNDS) + 1


def ages() -> list[str]:
    """Return the names of the ages, the youngest first."""
    firsts = (0, *(bound + 1 for bound in BOUNDS))
    return [f"{first}–{last} 天" for first, last in zip(firsts, BOUNDS, strict=False)] + [f"{BOUNDS[-1]} 天以上"]


def ageing(session: Session, scope: Scope, standing: Standing, *, as_of: date, place: str = "") -> list[Aged]:
    """Return the open balances of a scope at the end of a day, by account; balances of nothing are left out.

    A party sees what is owed to it and claimed from it; watchers see their places.
    """
    rising = JournalLine.amount < ZERO if standing is Standing.PAYABLE else JournalLine.amount > ZERO
    age = sa.case(
        *((JournalEntry.entry_date > as_of - timedelta(days=bound + 1), number) for number, bound in enumerate(BOUNDS)),
        else_=len(BOUNDS),
    )
    query = (
        sa.select(JournalLine.account, rising.label("rises"), age.label("age"), sa.func.sum(JournalLine.amount))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(
            JournalEntry.entry_date < as_of + DAY,
            sa.or_(*(JournalLine.account.startswith(head + ":") for head in HEADS[standing])),
            *_reach(session, scope, place),
        )
        .group_by(JournalLine.account, sa.text("rises"), sa.text("age"))
    )  # fmt: skip
    risen: dict[str, list[Money]] = {}
    fallen: dict[str, Money] = {}
    for account, rises, number, amount in session.execute(query):
        parts = risen.setdefault(account, [ZERO] * AGES)
        if rises:
            parts[number] = abs(amount)
        else:
            fallen[account] = fallen.get(account, ZERO) + abs(amount)
    names = _names(session, set(risen))
    found = [
        Aged(account, head_of(account), names.get(_holder(account), _holder(account)),
             aged(risen[account], fallen.get(account, ZERO)))
        for account in sorted(risen)
    ]  # fmt: skip
    return [one for one in found if any(one.parts)]


def _reach(session: Session, scope: Scope, place: str) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = [JournalEntry.place == place] if place else []
    if scope.places is None:
        return limits
    codes = session.scalars(sa.select(Party.uscc).where(Party.id.in_(sorted(scope.orgs)))).all()
    own = [JournalLine.account.endswith(f":{code}", autoescape=True) for code in codes]
    return [*limits, sa.or_(JournalEntry.place.in_(sorted(scope.places)), *own)]


def _holder(account: str) -> str:
    return account.split(":")[-1]


def _names(session: Session, accounts: set[str]) -> dict[str, str]:
    codes = {_holder(account) for account in accounts}
    return dict(session.execute(sa.select(Party.uscc, Party.name).where(Party.uscc.in_(sorted(codes)))).all())
