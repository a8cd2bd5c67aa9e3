"""Setting a price, or parking it where it moves by more than half; releasing and withdrawing what is parked (A12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.parked_prices import queries
from pricing.parked_prices.model import ParkedPrice
from pricing.parked_prices.rules import (
    ParkedAct,
    after,
    already_waiting,
    asked,
    kept,
    must_be_other,
    no_longer_possible,
)
from pricing.tariffs import commands as tariffs
from pricing.tariffs.checks import OddChange, OutOfBounds, Released
from pricing.tariffs.model import Tariff
from registry.accounts.queries import accounts_behind
from registry.products import queries as products


def set_or_park(
    session: Session, actor: Actor, *, product_id: UUID, now: datetime, book: PolicyBook, **terms: Any
) -> Tariff | ParkedPrice:
    """Fix and publish a price, or park it where it moves by more than half of the one before; ``terms`` as there.

    Parked is only what nothing else stands against.

    Raises:
        NotAllowed: the actor does not act for the seller.
        AlreadyWaiting: a change of the same price is parked already.
        DomainError: whatever else stands against the price, as :func:`pricing.tariffs.commands.set_tariff` says it.

    Source:
        A12.
    """
    try:
        return tariffs.set_tariff(session, actor, product_id=product_id, now=now, book=book, **terms)
    except OutOfBounds as found:
        return _park(session, actor, product_id, terms, found.odd, now)


def _park(
    session: Session, actor: Actor, product_id: UUID, terms: dict[str, Any], odd: OddChange, now: datetime
) -> ParkedPrice:
    product, scope = products.get(session, product_id), odd.before.scope
    waiting = queries.waiting_for(session, product.id, scope)
    if waiting is not None:
        raise already_waiting(waiting.number, scope)
    assert actor.id is not None
    parked = ParkedPrice(
        number=numbering.number(session, "PRK", business_date(now)), place=product.place, product_id=product.id,
        seller_id=product.owner_id, scope=scope, charge_unit=terms["charge_unit"],
        effective_from=terms["effective_from"], terms=kept(terms), before_id=odd.before.id,
        old_unit_price_max=odd.before.unit_price_max, new_unit_price_max=odd.price, reason=odd.words,
        asked_by=actor.id, asked_at=now,
    )  # fmt: skip
    session.add(parked)
    session.flush()
    audit.record(session, actor, "parked_price.park", parked, at=now, note=parked.number,
                 detail={"product": product.code, "from": parked.old_unit_price_max.text(),
                         "to": parked.new_unit_price_max.text()})  # fmt: skip
    return parked


def release(
    session: Session, actor: Actor, number: str, *, reason: str, now: datetime, book: PolicyBook
) -> ParkedPrice:
    """Release a parked price as another person: everything is examined again, and it is published from its day on.

    Raises:
        NoSuchParkedPrice: there is none that the actor may know of.
        NotAllowed: the actor neither sets prices for the seller nor is a price officer of the place.
        SamePerson: the actor asked for it.
        WrongState: it was decided already.
        NoLongerPossible: its day or notice has passed, or the price before it or the cap has changed.

    Source:
        A12.
    """
    parked = _opened(session, actor, number, Permission.PRICE_RELEASE)
    must_be_other(number, actor.id, accounts_behind(session, parked.asked_by))
    following = after(parked.state, ParkedAct.RELEASE, number)
    released = Released(parked.asked_by, parked.before_id)
    try:
        made = tariffs.set_tariff(
            session, actor, product_id=parked.product_id, now=now, book=book, released=released, **asked(parked.terms)
        )
    except DomainError as refusal:
        raise no_longer_possible(number, refusal) from refusal
    parked.state, parked.tariff_id = following, made.id
    parked.decided_by, parked.decided_at, parked.note = actor.id, now, reason
    session.flush()
    audit.record(session, actor, "parked_price.release", parked, at=now, note=number,
                 detail={"tariff": made.number, "reason": reason[:200]})  # fmt: skip
    return parked


def withdraw(session: Session, actor: Actor, number: str, *, reason: str = "", now: datetime) -> ParkedPrice:
    """Take back a parked price as the seller; the price then may be set anew.

    Raises:
        NoSuchParkedPrice: there is none that the actor may know of.
        NotAllowed: the actor does not set prices for the seller.
        WrongState: it was decided already.
    """
    parked = _opened(session, actor, number, Permission.PRICE_SET)
    parked.state = after(parked.state, ParkedAct.WITHDRAW, number)
    parked.decided_by, parked.decided_at, parked.note = actor.id, now, reason or None
    session.flush()
    audit.record(session, actor, "parked_price.withdraw", parked, at=now, note=number, detail={"reason": reason[:200]})
    return parked


def _opened(session: Session, actor: Actor, number: str, permission: Permission) -> ParkedPrice:
    """Return the parked price for somebody who may take the step, alone with it."""
    found = queries.get(session, actor, number, lock=True)
    actor.must(permission, org_id=found.seller_id, place=found.place)
    return found
