"""Reading accounts of payees, freezes and notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import sealing
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from registry.parties.model import Party
from settlement.payees.model import PayeeAccount, PayeeFreeze, PayeeNotice
from settlement.payees.rules import AccountState


class NoSuchAccount(NotFound):
    """There is no such account, or none that the actor may know of."""

    code = "payee.account_not_found"


class NoSuchPayee(NotFound):
    """There is no such organisation."""

    code = "payee.party_not_found"


class NoSuchFreeze(NotFound):
    """There is no such order, or none that the actor may know of."""

    code = "payee.freeze_not_found"


def _reached(actor: Actor, place: Any, party: Any) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.PAYEE_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else place == grant.place)
        elif grant.org_id is not None:
            reached.append(party == grant.org_id)
    return sa.or_(sa.false(), *reached)


def listed(actor: Actor, *, state: AccountState | None = None) -> sa.Select[PayeeAccount]:
    """Return the query of the accounts that the actor may read."""
    query = sa.select(PayeeAccount).where(_reached(actor, PayeeAccount.place, PayeeAccount.party_id))
    return query if state is None else query.where(PayeeAccount.state == state)


def visible(session: Session, actor: Actor, account_id: UUID, *, lock: bool = False) -> PayeeAccount:
    """Return one account.

    Raises:
        NoSuchAccount: there is none that the actor may know of.
    """
    query = listed(actor).where(PayeeAccount.id == account_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchAccount(f"没有编号为 {account_id} 的收款账户，或不属于本单位", detail_en="No such account")
    return found


def number_of(session: Session, account: PayeeAccount) -> str:
    """Return the whole number of an account: for the payer's file, the provider, and the person who confirms it.

    Raises:
        Unreadable: it was sealed under a key that is gone, or was changed.
    """
    return sealing.unseal(session, account.sealed_number, bound_to=account.id.hex)


def shared_with(session: Session, accounts: Sequence[PayeeAccount]) -> dict[UUID, list[str]]:
    """Return, for accounts that others named too, the names of their holders: the checker has to know."""
    wanted = {one.number_digest for one in accounts}
    query = sa.select(PayeeAccount.number_digest, PayeeAccount.party_id, PayeeAccount.holder).where(
        PayeeAccount.number_digest.in_(wanted)
    )
    named = session.execute(query.distinct().order_by(PayeeAccount.holder)).all()
    found = {
        one.id: [row.holder for row in named if row.number_digest == one.number_digest and row.party_id != one.party_id]
        for one in accounts
    }
    return {key: names for key, names in found.items() if names}


def in_force(session: Session, *, place: str, party_id: UUID | None, now: datetime) -> PayeeAccount | None:
    """Return the account that a party, or the treasury of a place, is paid to at a moment; or None.

    The latest confirmed one whose waiting time is over; until then the one before it stays in force (E12).
    """
    whose = PayeeAccount.party_id.is_(None) if party_id is None else PayeeAccount.party_id == party_id
    query = sa.select(PayeeAccount).where(
        PayeeAccount.place == place, whose, PayeeAccount.state == AccountState.CONFIRMED,
        PayeeAccount.effective_at <= now,
    )  # fmt: skip
    return session.scalar(query.order_by(PayeeAccount.effective_at.desc(), PayeeAccount.id.desc()).limit(1))


def party_named(session: Session, uscc: str) -> Party:
    """Return the organisation with a credit code.

    Raises:
        NoSuchPayee: there is none.
    """
    found = session.scalar(sa.select(Party).where(Party.uscc == uscc))
    if found is None:
        raise NoSuchPayee(f"没有统一社会信用代码为 {uscc} 的单位", detail_en="No such organisation")
    return found


def frozen_parties(session: Session, place: str) -> dict[UUID, PayeeFreeze]:
    """Return the parties whose money is frozen at a place, each with its order."""
    query = sa.select(PayeeFreeze).where(PayeeFreeze.place == place, PayeeFreeze.lifted_at.is_(None))
    return {one.party_id: one for one in session.scalars(query.order_by(PayeeFreeze.placed_at.desc()))}


def freezes(actor: Actor) -> sa.Select[PayeeFreeze]:
    """Return the query of the freezes that the actor may read."""
    return sa.select(PayeeFreeze).where(_reached(actor, PayeeFreeze.place, PayeeFreeze.party_id))


def visible_freeze(session: Session, actor: Actor, freeze_id: UUID) -> PayeeFreeze:
    """Return one freeze, locked.

    Raises:
        NoSuchFreeze: there is none that the actor may know of.
    """
    query = freezes(actor).where(PayeeFreeze.id == freeze_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchFreeze(f"没有编号为 {freeze_id} 的冻结", detail_en="No such order")
    return found


def notices(session: Session, actor: Actor, *, limit: int) -> Sequence[PayeeNotice]:
    """Return what was told lately about accounts within one's scope, the newest first."""
    query = sa.select(PayeeNotice).where(_reached(actor, PayeeNotice.place, PayeeNotice.party_id))
    return session.scalars(query.order_by(PayeeNotice.told_at.desc(), PayeeNotice.id.desc()).limit(limit)).all()


def names(session: Session, ids: set[UUID | None]) -> dict[UUID | None, str]:
    """Return names of organisations by id."""
    query = sa.select(Party.id, Party.name).where(Party.id.in_({one for one in ids if one is not None}))
    return dict(session.execute(query).all())
