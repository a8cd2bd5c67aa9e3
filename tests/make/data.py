"""Related parties, quality tickets and egress checks, made through the real commands."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.desk import commands as desk
from registry.egress import commands as egress
from registry.egress.model import EgressCheck
from registry.egress.rules import EgressState
from registry.parties.model import Party
from registry.procedures.rules import Procedure
from registry.products import queries as products
from registry.products.model import Product
from registry.products.rules import DeliveryForm
from registry.quality import commands as quality
from registry.quality.model import QualityTicket
from registry.quality.rules import BY_DEPARTMENT, Category, TicketEvent
from registry.relations import commands as relations
from registry.relations.rules import RelationKind
from registry.resources.model import Resource
from registry.reviews import queries as reviews
from registry.reviews.rules import Decision
from tests.make.registry_base import NOW, acting_for, actor, book, supervisor
from tests.make.registry_products import calendar, maker, seller

LETTER = {"name": "同意函.pdf", "media_type": "application/pdf", "content": b"letter"}


def relate(
    session: Session,
    upper: Party,
    lower: Party,
    kind: RelationKind = RelationKind.CONTROL,
    *,
    share: str | None = None,
    from_date: date = date(2026, 1, 1),
    until: date | None = None,
) -> None:
    """State as the authority that one organisation is related to another."""
    relations.state(
        session, supervisor(upper.place), from_id=upper.id, to_id=lower.id, kind=kind, from_date=from_date,
        source="工商登记", share=None if share is None else Decimal(share), until=until, now=NOW,
    )  # fmt: skip


def make_ticket(
    session: Session,
    resource: Resource,
    reporter: Party,
    *events: TicketEvent,
    category: Category = Category.ACCURACY,
    now: datetime = NOW,
    demonstration: bool = True,
) -> QualityTicket:
    """Report a problem as a merchant and take the ticket through the events."""
    person = acting_for(reporter, Role.MERCHANT, place=resource.place)
    law = book(demonstration=demonstration)
    ticket = quality.report(
        session, person, resource_id=resource.id, reporter_id=reporter.id, category=category, description="值有误",
        book=law, calendar=calendar(), now=now,
    )  # fmt: skip
    session.flush()
    for event in events:
        answerer = actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
        quality.take_step(
            session, answerer if event in BY_DEPARTMENT else person, ticket.id, event=event, reason="理由", book=law,
            calendar=calendar(), now=now,
        )  # fmt: skip
    session.flush()
    return ticket


def make_check(
    session: Session, product: Product, *, state: EgressState = EgressState.PASSED, now: datetime = NOW, **facts: Any
) -> EgressCheck:
    """Ask for the egress check of the newest version and take it as far as ``state``."""
    values = {"form": product.delivery_form, "description": "按次返回评分，交付买方"} | facts
    newest = products.latest_version(session, product.id)
    check = egress.request_check(
        session, maker(session, product, now=now), version_id=newest.id, book=book(demonstration=True),
        calendar=calendar(), now=now, **values,
    )  # fmt: skip
    decisions = {EgressState.PASSED: Decision.AGREE, EgressState.EXPORTED: Decision.AGREE,
                 EgressState.FAILED: Decision.REFUSE, EgressState.RETURNED: Decision.RETURN_ONCE}  # fmt: skip
    if state in decisions:
        decide(session, check, decisions[state], now=now)
    if state is EgressState.WITHDRAWN:
        egress.withdraw(session, seller(product), check.id, reason="改版", now=now)
    if state is EgressState.EXPORTED:
        export(session, check, now=now)
    session.flush()
    return check


def decide(session: Session, check: EgressCheck, decision: Decision, *, now: datetime = NOW) -> None:
    """Decide a check as whoever holds its open seat."""
    review = reviews.of_subject(session, Procedure.EGRESS, check.id)
    assert review is not None
    seat = reviews.open_stage(reviews.stages(session, review))
    assert seat is not None
    role = Role.OPERATOR if seat.kind == "egress_check" else Role.SUPERVISOR
    desk.decide(
        session, actor(role, org_id=seat.party_id, place=check.place), review.id, decision=decision, reason="核查意见",
        checklist=[], defects=["补充检测报告"], book=book(demonstration=True), calendar=calendar(), now=now,
    )  # fmt: skip


def export(session: Session, check: EgressCheck, *, now: datetime = NOW, **changed: Any) -> Any:
    """Record one delivery of a passed check."""
    values = {"file_sha256": "a" * 64, "form": DeliveryForm.API, "recipient": "某银行", "reference": "D-1",
              "size_bytes": 2048, "units": 3}  # fmt: skip
    product = products.get(session, check.product_id)
    return egress.export(session, seller(product), check.id, now=now, **(values | changed))
