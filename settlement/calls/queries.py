"""What a call meets: entitlement, gates, what is used up, the same call before, the record; all in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from kernel.calendar import business_date, start_of_day
from kernel.db import new_id
from kernel.errors import Conflict, DomainError, NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from kernel.prepared import asked, prepared
from market.delivery.model import DataSet, DataSetRow
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.entitlements.queries import open_condition
from market.entitlements.rules import Terms, may_use
from market.gateways.model import Gateway
from market.gateways.queries import newest_id
from market.limits.model import CallLimit
from market.limits.queries import newest
from market.limits.rules import Limit
from market.orders.model import Order
from pricing.tariffs.model import Tariff
from registry.products.model import Product
from registry.products.queries import NoSuchProduct
from registry.products.rules import DeliveryForm
from settlement.calls.model import CallCounter
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.queries import inserting
from settlement.metering.rules import Channel, ReferenceReused, subject_digest


class NoEntitlement(NotAllowed):
    """The caller's organisation has bought nothing of this product."""

    code = "exchange.no_entitlement"
    title = "没有该产品的使用权"
    title_en = "No entitlement to this product"


class WrongProduct(NotAllowed):
    """The entitlement that the call names is not one of the caller's to this product."""

    code = "exchange.wrong_product"
    title = "使用权与产品不符"
    title_en = "The entitlement is not for this product"


class NoInterface(Conflict):
    """The product comes in files or reports: there is nothing to call."""

    code = "exchange.no_interface"
    title = "该产品没有调用接口"
    title_en = "The product has no interface to call"


@dataclass(frozen=True, slots=True)
class Record:
    """What is served: the kind of subject it is about, and its reviewed fields."""

    subject_kind: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Before:
    """The same call as it was counted before."""

    subject_kind: str | None
    subject: str | None
    hit: bool


@dataclass(frozen=True, slots=True)
class Met:
    """One entitlement that may answer a call, as everything stands in this moment."""

    entitlement_id: UUID
    place: str
    product_id: UUID
    version_id: UUID
    terms: Terms
    used: int
    is_open: bool  # every gate, and the term
    charges_misses: bool  # 查询即计: what finds nothing is charged and uses up the quota too
    limit: Limit | None
    before: Before | None
    record: Record | None
    gateway_id: UUID | None  # the platform that serves the product in our place

    @property
    def remaining(self) -> int | None:
        """What is left of the quota; none where there is no quota."""
        return None if self.terms.quota is None else self.terms.quota - self.used


def admitted(
    session: Session, actor: Actor, *, code: str, key: str, reference: str, now: datetime, book: PolicyBook,
    scenario: str | None = None, entitlement: str | None = None,
) -> Met:  # fmt: skip
    """Return what answers a call of the actor's organisation: the entitlement that answered the same call before, or
    the first one that permits one more use now.

    Raises:
        NotAllowed: the actor may not call the data plane.
        NoSuchProduct: there is no such product.
        NoInterface: the product is delivered as files or reports.
        NoEntitlement: the organisation has bought nothing of it.
        WrongProduct: the named entitlement is not for it.
        Closed: the entitlement rests on something that does not hold now.
        OutOfTerm: its term does not cover today.
        OutOfScope: the declared scenario is not the agreed one.
        QuotaExhausted: nothing is left.
    """
    found = met(session, buyer_id=calling(actor), code=code, reference=reference, key=key, now=now, book=book,
                number=entitlement)  # fmt: skip
    if found[0].before is not None:
        return found[0]
    refusals: list[DomainError] = []
    for one in found:
        try:
            may_use(one.terms, one.used, now, scenario=scenario)
            must_hold(session, one, now, book)
        except DomainError as refusal:
            refusals.append(refusal)
        else:
            return one
    raise refusals[0]


def calling(actor: Actor) -> UUID:
    """Return the organisation for which the actor may call the data plane.

    Raises:
        NotAllowed: the actor may not call the data plane.
        NoEntitlement: the actor belongs to no organisation.
    """
    actor.must(Permission.EXCHANGE_CALL, org_id=actor.org_id)
    if actor.org_id is None:
        raise NoEntitlement("只有购买单位可以调用；请使用本单位的访问密钥", detail_en="Call with a key of the buyer")
    return actor.org_id


def must_be_same(held: Met, key: str, reference: str) -> None:
    """Refuse a reference under which something else was asked before.

    Raises:
        ReferenceReused: it came with another question.
    """
    if held.before is not None:
        must_be_question(held.before.subject, key, reference, kind=held.before.subject_kind)


def must_be_question(subject: str | None, key: str, reference: str, *, kind: str | None = None) -> None:
    """Refuse a reference under which something else was asked: ``subject`` is the digest of what it was.

    Raises:
        ReferenceReused: it was another question.
    """
    if subject != subject_digest(kind, key):
        raise ReferenceReused(
            f"Client-Reference {reference} 已用于另一次查询；新的查询请换新编号",
            detail_en="Use a new Client-Reference for a new question",
        )


def must_hold(session: Session, held: Met, now: datetime, book: PolicyBook) -> None:
    """Refuse an entitlement that rests on something which does not hold now, with what it is.

    Raises:
        Closed: ``errors`` names what does not hold.
    """
    if not held.is_open:
        entitlements.must_hold(session, entitlements.get(session, held.entitlement_id), now, book=book)


def met(
    session: Session,
    *,
    buyer_id: UUID,
    code: str,
    reference: str,
    key: str,
    now: datetime,
    book: PolicyBook,
    number: str | None = None,
) -> Sequence[Met]:
    """Return what a call meets of each of the buyer's entitlements to a product: the one that answered before on top,
    then those that are open, and among these the one that ends first.

    Raises:
        NoSuchProduct: there is no such product.
        NoInterface: the product is delivered as files or reports.
        NoEntitlement: the buyer has bought nothing of it.
        WrongProduct: ``number`` is not one of the buyer's entitlements to it.
    """
    statement = _prepared(session.get_bind().dialect.name, business_date(now), book)
    brought = {"buyer": buyer_id, "code": code, "reference": reference, "key": key}
    rows = session.connection().execute(statement, brought).all()
    if not rows:
        form = session.scalar(sa.select(Product.delivery_form).where(Product.code == code))
        if form is None:
            raise NoSuchProduct(f"没有产品 {code}，请核对产品编码", detail_en=f"No product {code}")
        _must_be_called(code, form)
        raise NoEntitlement(
            f"本单位没有产品 {code} 的使用权；请先询价、下单并付款",
            detail_en=f"Nothing bought of {code}",
            rule="ACC-01",
        )
    _must_be_called(code, rows[0].delivery_form, rows[0].number)
    found = [_met(row) for row in rows]
    if number is not None:
        found = [one for one in found if one.terms.number == number]
        if not found:
            raise WrongProduct(
                f"使用权 {number} 不是本单位对产品 {code} 的使用权", detail_en=f"{number} is not for {code}"
            )
    return sorted(found, key=lambda one: (one.before is None, not one.is_open))


def _must_be_called(code: str, form: DeliveryForm, number: str = "…") -> None:
    if form is not DeliveryForm.API:
        raise NoInterface(
            f"产品 {code} 以{'报告' if form is DeliveryForm.REPORT else '文件'}交付，没有调用接口；购买后请在使用权页面"
            f"下载，或以 POST /exchange/v1/entitlements/{number}/files/{{文件编号}}/links 取下载链接",
            detail_en=f"{code} is delivered as a {form}: download it from the entitlement instead",
        )


def _met(row: sa.Row[Any]) -> Met:
    terms = Terms(row.number, row.quota, row.valid_from, row.valid_until, row.purpose, row.scenario, row.subject_kind)
    return Met(
        row.id, row.place, row.product_id, row.version_id, terms, row.used or 0, bool(row.is_open),
        bool(row.charges_misses), None if row.limit_calls is None else Limit(row.limit_calls, row.limit_seconds),
        None if row.event_id is None else Before(row.event_kind, row.event_subject, row.event_hit),
        None if row.row_id is None else Record(row.row_kind, row.row_body), row.gateway_id,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _prepared(dialect: str, on: date, book: PolicyBook) -> sa.TextualSelect:
    text = sa.Text()
    return prepared(question(on, book), dialect, buyer=sa.Uuid(), code=text, reference=text, key=text)


def question(on: date, book: PolicyBook) -> sa.Select[*tuple[Any, ...]]:
    """Return what is asked of every entitlement of a buyer to a product, gates and all, on a business day."""
    loaded = (
        sa.select(DataSet.id)
        .where(DataSet.version_id == Entitlement.version_id)
        .order_by(DataSet.sequence.desc())
        .limit(1)
        .correlate(Entitlement)
        .scalar_subquery()
    )
    held, serving = (Entitlement.id, Entitlement.product_id), aliased(Gateway)
    return (
        sa.select(
            Entitlement.id, Entitlement.number, Entitlement.place, Entitlement.product_id, Entitlement.version_id,
            Entitlement.quota, Entitlement.valid_from, Entitlement.valid_until, Entitlement.purpose,
            Entitlement.scenario, Entitlement.subject_kind, UsageTotal.used,
            open_condition(start_of_day(on), book).label("is_open"), Tariff.charges_misses,
            newest(CallLimit.calls, *held).label("limit_calls"),
            newest(CallLimit.seconds, *held).label("limit_seconds"),
            UsageEvent.id.label("event_id"), UsageEvent.subject_kind.label("event_kind"),
            UsageEvent.subject.label("event_subject"), UsageEvent.hit.label("event_hit"),
            DataSetRow.id.label("row_id"), DataSetRow.subject_kind.label("row_kind"), DataSetRow.body.label("row_body"),
            sa.case((serving.is_active, serving.id)).label("gateway_id"), Product.delivery_form,
        )
        .select_from(Entitlement)
        .join(Order, Order.id == Entitlement.order_id)
        .join(Product, Product.id == Entitlement.product_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .outerjoin(UsageTotal, UsageTotal.entitlement_id == Entitlement.id)
        .outerjoin(
            UsageEvent,
            sa.and_(
                UsageEvent.entitlement_id == Entitlement.id, UsageEvent.source.is_(None),
                UsageEvent.client_reference == asked("reference"),
            ),
        )
        .outerjoin(serving, serving.id == newest_id(Entitlement.product_id))
        .outerjoin(DataSetRow, sa.and_(DataSetRow.data_set_id == loaded, DataSetRow.key == asked("key")))
        .where(Entitlement.buyer_id == asked("buyer"), Product.code == asked("code"))
        .order_by(Entitlement.valid_until, Entitlement.number)
    )  # fmt: skip


def new_event(
    place: str, entitlement_id: UUID, product_id: UUID, reference: str, kind: str | None, subject: str, now: datetime,
    *, is_hit: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return the columns of one use that came through the data plane; ``subject`` is a digest."""
    return {
        "id": new_id(), "place": place, "entitlement_id": entitlement_id, "product_id": product_id, "occurred_at": now,
        "day_number": business_date(now).toordinal(), "received_at": now, "stored_at": now,
        "client_reference": reference, "quantity": 1, "subject_kind": kind, "subject": subject, "hit": is_hit,
        "channel": Channel.EXCHANGE,
    }  # fmt: skip


def inserting_event(session: Session, event: dict[str, Any]) -> Any:
    """Return the INSERT of one use that gives back its id, or nothing when the reference is known already."""
    return inserting(session, UsageEvent).values(event).on_conflict_do_nothing().returning(UsageEvent.id)


def taking_call(session: Session, entitlement_id: UUID, limit: Limit, now: datetime) -> Any:
    """Return the statement that takes one call of the span and gives back how many are taken, or nothing when full."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(CallCounter).values(entitlement_id=entitlement_id, span=limit.start(now), used=1)
    is_new = CallCounter.span < first.excluded.span
    return first.on_conflict_do_update(
        index_elements=[CallCounter.entitlement_id],
        set_={
            "span": sa.case((is_new, first.excluded.span), else_=CallCounter.span),
            "used": sa.case((is_new, 1), else_=CallCounter.used + 1),
        },
        where=sa.or_(is_new, CallCounter.used < limit.calls),
    ).returning(CallCounter.used)
