"""Asking for an invoice, entering what the tax system issued, and taking it back by red letters."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import Period, business_date
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.explanations import cited_dict
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import Cited, PolicyBook
from market.invoices import queries
from market.invoices.model import Invoice, InvoiceLine, Taxpayer
from market.invoices.rules import (
    InvoiceAct,
    InvoiceKind,
    InvoiceState,
    InvoiceType,
    NothingToInvoice,
    Parts,
    TaxpayerKind,
    WrongState,
    after,
    buyers_number,
    must_be_dated_within,
    must_be_left,
    must_be_over,
    parts_of,
    red_letter,
    tax_system_number,
    together,
)
from market.orders import queries as orders
from market.orders.model import Order
from market.payments import queries as payments
from registry.parties import queries as parties
from registry.parties.model import Party

BATCH_MAX = 200
REFUNDED = "款项已退回购买方"


class InvoicedAlready(Conflict):
    """There is an invoice of the order that was not refused."""

    code = "invoice.invoiced_already"
    title = "该订单已有开票申请"
    title_en = "The order has been invoiced"


class NumberUsed(Conflict):
    """The number of the tax system stands on another invoice."""

    code = "invoice.number_used"


class NotAParty(NotAllowed):
    """Only the two sides of the order deal with its invoices."""

    code = "invoice.not_a_party"


class RedLetterDue(Conflict):
    """The money has gone back: the red letter is due by law."""

    code = "invoice.red_letter_due"


class StatedTwice(Invalid):
    """For that day another kind was stated."""

    code = "invoice.stated_twice"


def state_taxpayer(session: Session, actor: Actor, *, kind: TaxpayerKind, from_date: date, now: datetime) -> Taxpayer:
    """State from which day on the actor's organisation is taxed by the rate or by the levy rate.

    Raises:
        NotAllowed: the actor does not sell for an organisation.
        NotAParty: the actor acts for no organisation at all.
        StatedTwice: for that very day something was stated before.
    """
    actor.must(Permission.INVOICE_ISSUE, org_id=actor.org_id)
    if actor.org_id is None:
        raise NotAParty("只有供方单位登记纳税人类别；请以供方账号登录", detail_en="Sign in for the seller")
    known = queries.taxpayer(session, actor.org_id, from_date)
    if known is not None and known.from_date == from_date:
        raise StatedTwice(
            f"本单位已登记自 {from_date} 起为{known.kind}；请从另一日起更改",
            detail_en="Something was stated for that day.",
            errors=[{"pointer": "/from_date", "code": StatedTwice.code, "message": "该日已登记"}],
        )
    made = Taxpayer(
        party_id=actor.org_id, kind=kind, from_date=from_date, stated_by=actor.id, stated_by_name=actor.name,
        stated_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "invoice.state_taxpayer", made, at=now, note=kind)
    return made


def ask(
    session: Session,
    actor: Actor,
    *,
    order_number: str,
    type: InvoiceType,
    title: str,
    tax_number: str,
    now: datetime,
    book: PolicyBook,
    address: str | None = None,
    bank: str | None = None,
) -> Invoice:
    """Ask for the invoice of a paid order; price and tax are stated separately at the rate of the day of payment.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
        NotAllowed: the actor does not buy for the buyer of the order.
        InvoicedAlready: the order has an invoice that was not refused.
        NothingToInvoice: nothing was paid, or all of it went back.
        BadUscc: the tax number is wrong in length, characters or check character.
        NotTheBuyer: title or tax number are somebody else's.
        TaxpayerUnknown: the seller has not stated how it is taxed.
        PolicyGap: no rate is in force at the place on that day.

    Source:
        增值税法 第七条, 第十条, 第十一条; 发票管理办法 第二十一条.
    """
    order = orders.visible(session, actor, order_number)
    actor.must(Permission.INVOICE_ASK, org_id=order.buyer_id)
    order = orders.get(session, order.id, lock=True)
    known = queries.standing(session, order.id)
    if known is not None:
        raise InvoicedAlready(
            f"订单 {order.number} 已有开票申请 {known.number}；更正须先红字冲销或由供方退回",
            detail_en=f"{order.number} has the invoice {known.number}",
        )
    buyer = session.get_one(Party, order.buyer_id)
    number = buyers_number(title, tax_number, name=buyer.name, uscc=buyer.uscc)
    paid, paid_on = _paid(session, order)
    rate = queries.rate_for(session, order.seller_id, order.place, paid_on, book=book)
    made = Invoice(
        type=type, place=order.place, order_id=order.id, seller_id=order.seller_id, buyer_id=order.buyer_id,
        title=title, tax_number=number, address=address or None, bank=bank or None,
    )  # fmt: skip
    return _ask(session, actor, made, [(order, parts_of(paid, rate.decimal()))], rate, now)


def ask_month(
    session: Session,
    actor: Actor,
    *,
    month: Period,
    seller_uscc: str,
    type: InvoiceType,
    title: str,
    tax_number: str,
    now: datetime,
    book: PolicyBook,
    address: str | None = None,
    bank: str | None = None,
) -> list[Invoice]:
    """Ask for one invoice over all orders of a month with one seller that were paid and not invoiced (月结).

    Orders at different places, or taxed at different rates within the month, come on an invoice each.

    Raises:
        NotAParty: the actor acts for no organisation.
        NotAllowed: the actor does not buy for it.
        MonthNotOver: the month has not ended.
        NoSuchParty: there is no such seller.
        NothingToInvoice: no order of the month waits for an invoice.
        BadUscc: a credit code is wrong in length, characters or check character.
        NotTheBuyer: title or tax number are somebody else's.
        TaxpayerUnknown: the seller has not stated how it is taxed.
        PolicyGap: no rate is in force at the place on that day.

    Source:
        增值税法 第七条, 第十条, 第十一条; 发票管理办法 第二十一条.
    """
    if actor.org_id is None:
        raise NotAParty("请以购买方账号登录", detail_en="Sign in for the buyer")
    actor.must(Permission.INVOICE_ASK, org_id=actor.org_id)
    must_be_over(month, business_date(now))
    buyer, seller = session.get_one(Party, actor.org_id), parties.by_uscc(session, seller_uscc)
    number = buyers_number(title, tax_number, name=buyer.name, uscc=buyer.uscc)
    groups = _by_rate(session, buyer.id, seller.id, month, book)
    if not groups:
        raise NothingToInvoice(
            f"{month.text()} 没有与“{seller.name}”之间已付款且尚未开票的订单。",
            detail_en=f"Nothing of {month.text()} can be invoiced.",
        )
    return [
        _ask(session, actor, Invoice(
            type=type, place=place, month=month.start, seller_id=seller.id, buyer_id=buyer.id, title=title,
            tax_number=number, address=address or None, bank=bank or None,
        ), parts, rate, now)
        for (place, _), (rate, parts) in sorted(groups.items(), key=lambda group: group[0])
    ]  # fmt: skip


def _by_rate(
    session: Session, buyer_id: UUID, seller_id: UUID, month: Period, book: PolicyBook
) -> dict[tuple[str, str], tuple[Cited, list[tuple[Order, Parts]]]]:
    """Return the orders of a month that wait for an invoice, locked, by place and rate."""
    groups: dict[tuple[str, str], tuple[Cited, list[tuple[Order, Parts]]]] = {}
    for order, payment in queries.to_invoice(session, buyer_id, month, seller_id=seller_id, lock=True):
        assert payment.captured_at is not None, "only what was paid is invoiced"
        kept = must_be_left(order.number, payment.amount, queries.given_back(session, order.id))
        rate = queries.rate_for(session, seller_id, order.place, business_date(payment.captured_at), book=book)
        key = (order.place, rate.value)
        groups.setdefault(key, (rate, []))[1].append((order, parts_of(kept, rate.decimal())))
    return groups


def _ask(
    session: Session, actor: Actor, made: Invoice, orders_of: list[tuple[Order, Parts]], rate: Cited, now: datetime
) -> Invoice:
    whole = together(parts for _, parts in orders_of)
    made.number = numbering.number(session, "INV", business_date(now))
    made.gross, made.net, made.tax = whole.gross, whole.net, whole.tax
    made.rate, made.rate_source = rate.decimal(), cited_dict(rate)
    made.requested_by, made.requested_at = actor.id, now
    session.add(made)
    session.flush()
    session.add_all(
        InvoiceLine(invoice_id=made.id, order_id=order.id, gross=parts.gross, net=parts.net, tax=parts.tax)
        for order, parts in orders_of
    )
    session.flush()
    audit.record(session, actor, "invoice.ask", made, at=now,
                 detail={"orders": [order.number for order, _ in orders_of], "gross": whole.gross.text(),
                         "tax": whole.tax.text()})  # fmt: skip
    return made


def _paid(session: Session, order: Order) -> tuple[Money, date]:
    """Return what was kept of the payment of an order, and the Beijing day on which it came."""
    payment = payments.of_order(session, order.id)
    if payment is None or payment.captured_at is None:
        raise NothingToInvoice(
            f"订单 {order.number} 尚未收款或不收费，不开发票", detail_en=f"Nothing was paid for {order.number}"
        )
    return must_be_left(order.number, payment.amount, queries.given_back(session, order.id)), business_date(
        payment.captured_at
    )


def take_back(
    session: Session, actor: Actor, invoice_id: UUID, *, amount: Money, reason: str, now: datetime
) -> Invoice:
    """Ask for a red letter over all or part of an issued invoice; buyer and seller may.

    Raises:
        NoSuchInvoice: there is none.
        NotAParty: the actor acts for neither side.
        NotAllowed: the actor may not do so for its organisation.
        WrongState: the invoice was not issued, or is a red letter itself.
        MoreThanTheOriginal: more than is left of it.
    """
    invoice = queries.locked(session, invoice_id)
    if actor.org_id == invoice.seller_id:
        actor.must(Permission.INVOICE_ISSUE, org_id=invoice.seller_id, place=invoice.place)
    elif actor.org_id == invoice.buyer_id:
        actor.must(Permission.INVOICE_ASK, org_id=invoice.buyer_id)
    else:
        raise NotAParty(f"发票 {invoice.number} 只能由供需双方申请冲销", detail_en="Only the two sides may")
    if invoice.kind is InvoiceKind.RED or invoice.state is not InvoiceState.ISSUED:
        raise WrongState(
            f"{invoice.number} 不是已开具的蓝字发票，不能红字冲销", detail_en=f"{invoice.number} was not issued"
        )
    return _red(session, actor, invoice, amount, reason, now)


def follow_refunds(session: Session, actor: Actor, *, now: datetime) -> int:
    """Ask for the red letters that follow from money given back, at most ``BATCH_MAX``; return how many.

    Safe to run again at any time: what was asked for is counted before.

    Raises:
        NotAllowed: the actor does not follow invoices.
    """
    actor.must(Permission.INVOICE_FOLLOW)
    made = 0
    for invoice_id in queries.without_red_letter(session, limit=BATCH_MAX):
        invoice = queries.locked(session, invoice_id)
        due = queries.red_letter_due(session, invoice)
        if due:
            _red(session, actor, invoice, due, REFUNDED, now)
            made += 1
    return made


def _red(session: Session, actor: Actor, original: Invoice, amount: Money, reason: str, now: datetime) -> Invoice:
    parts = red_letter(original.number, queries.left(session, original), amount)
    made = Invoice(
        number=numbering.number(session, "RED", business_date(now)), kind=InvoiceKind.RED, type=original.type,
        place=original.place, order_id=original.order_id, month=original.month,
        original_id=original.id, seller_id=original.seller_id,
        buyer_id=original.buyer_id, title=original.title, tax_number=original.tax_number, address=original.address,
        bank=original.bank, gross=parts.gross, net=parts.net, tax=parts.tax, rate=original.rate,
        rate_source=original.rate_source, reason=reason, requested_by=actor.id, requested_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "invoice.take_back", made, at=now,
                 detail={"original": original.number, "gross": parts.gross.text()})  # fmt: skip
    return made


def issue(
    session: Session, actor: Actor, invoice_id: UUID, *, tax_system_number: str, issued_date: date, now: datetime
) -> Invoice:
    """Enter number and date under which the tax system issued an invoice or a red letter.

    Raises:
        NoSuchInvoice: there is none.
        NotAllowed: the actor does not act for the seller.
        WrongState: it was issued or refused before, or the original of a red letter was not issued yet.
        NumberMalformed: it is no number of the tax system.
        NumberUsed: the number stands on another invoice.
        DateOutside: the date lies in the future or before the original.
    """
    invoice = _for_seller(session, actor, invoice_id)
    state = after(invoice.state, InvoiceAct.ISSUE, invoice.number)
    number = _unused(session, invoice, tax_system_number)
    earliest = business_date(invoice.requested_at)
    if invoice.original_id is not None:
        original = queries.locked(session, invoice.original_id)
        if original.issued_date is None:
            raise WrongState(
                f"原发票 {original.number} 尚未开具，请先开具或退回原申请", detail_en=f"{original.number} comes first"
            )
        earliest = original.issued_date
    must_be_dated_within(invoice.number, issued_date, earliest, business_date(now))
    invoice.state, invoice.tax_system_number, invoice.issued_date = state, number, issued_date
    invoice.ended_by, invoice.ended_at = actor.id, now
    audit.record(session, actor, "invoice.issue", invoice, at=now, note=number)
    return invoice


def refuse(session: Session, actor: Actor, invoice_id: UUID, *, reason: str, now: datetime) -> Invoice:
    """Send a request back with the reason; the buyer may ask again.

    Raises:
        NoSuchInvoice: there is none.
        NotAllowed: the actor does not act for the seller.
        WrongState: it was issued or refused before.
        RedLetterDue: it is a red letter over money that has gone back, or red letters to it are open.
    """
    invoice = _for_seller(session, actor, invoice_id)
    invoice.state = after(invoice.state, InvoiceAct.REFUSE, invoice.number)
    invoice.refused_reason, invoice.ended_by, invoice.ended_at = reason, actor.id, now
    if invoice.original_id is None:
        for line in queries.lines(session, invoice):
            line.released_at = now
    session.flush()
    if invoice.original_id is not None:
        if queries.red_letter_due(session, queries.locked(session, invoice.original_id)):
            raise RedLetterDue(f"款项已退回购买方，红字申请 {invoice.number} 不能退回，应当开具",
                               detail_en="The money has gone back: issue the red letter.")  # fmt: skip
    elif queries.red_letters(session, invoice.id):
        raise RedLetterDue(f"{invoice.number} 已有红字申请，应当先开具再冲销", detail_en="Red letters to it are open.")
    audit.record(session, actor, "invoice.refuse", invoice, at=now, note=reason[:200])
    return invoice


def _for_seller(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    invoice = queries.locked(session, invoice_id)
    actor.must(Permission.INVOICE_ISSUE, org_id=invoice.seller_id, place=invoice.place)
    return invoice


def _unused(session: Session, invoice: Invoice, text: str) -> str:
    number = tax_system_number(text)
    other = queries.by_tax_system_number(session, number)
    if other is not None and other.id != invoice.id:
        raise NumberUsed(
            f"发票号码 {number} 已用于 {other.number}，请核对",
            detail_en=f"The number stands on {other.number}",
            errors=[{"pointer": "/tax_system_number", "code": NumberUsed.code, "message": f"已用于 {other.number}"}],
        )
    return number
