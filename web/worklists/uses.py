"""What waits about free use, its misuse, complaints, negotiated prices and quotes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext

from kernel.calendar import business_date
from kernel.identity import SELLERS, Role
from market.orders import queries as orders
from market.orders.model import Order, Quote
from market.orders.rules import QuoteState
from pricing.complaints import queries as complaints
from pricing.complaints.model import PriceComplaint
from pricing.complaints.rules import ComplaintState
from pricing.exemptions import queries as exemptions
from pricing.exemptions.model import Exemption, ExemptionAmendment
from pricing.exemptions.rules import AmendmentState, ExemptionState
from pricing.misuses import queries as misuses
from pricing.misuses.model import Misuse
from pricing.misuses.rules import MisuseState
from pricing.negotiated import queries as negotiated
from pricing.negotiated.model import Negotiation
from pricing.negotiated.rules import OPEN, NegotiationState, Side
from pricing.policy import PricingPolicy
from registry.parties.model import Party
from registry.products.model import Product
from web.worklists.tasks import SHOWN_MAX, Asking, Task

ENDS_SOON = timedelta(days=30)
BUYERS = (Role.BUYER, Role.SOURCE)
CLOSED_QUOTES = (QuoteState.CLOSED_BY_CAP, QuoteState.CLOSED_BY_PRICE, QuoteState.CLOSED_BY_GATE)


def free_use_waiting(asking: Asking) -> Iterator[Task]:
    """Return the requests for free use, and for a change of it, that somebody else made and nobody decided."""
    here = Exemption.place.in_(asking.places(Role.SUPERVISOR))
    own = Exemption.grantee_id == asking.actor.org_id
    asked = sa.select(Exemption, Product.title, Party.name).join(Product, Product.id == Exemption.product_id)
    asked = asked.join(Party, Party.id == Exemption.grantee_id).where(here, ~sa.func.coalesce(own, sa.false()))
    new = asked.where(Exemption.state == ExemptionState.REQUESTED, Exemption.requested_by != asking.actor.id)
    for one, title, grantee in asking.session.execute(new.order_by(Exemption.id).limit(SHOWN_MAX)):
        yield _free_use(one, gettext("审批免费使用申请"), f"{grantee} · {title}", business_date(one.requested_at))
    changes = asked.add_columns(ExemptionAmendment).join(
        ExemptionAmendment, ExemptionAmendment.exemption_id == Exemption.id
    )
    open_ones = changes.where(
        ExemptionAmendment.state == AmendmentState.ASKED, ExemptionAmendment.asked_by != asking.actor.id
    )
    rows = asking.session.execute(open_ones.order_by(ExemptionAmendment.id).limit(SHOWN_MAX))
    for one, title, grantee, change in rows:
        yield _free_use(one, gettext("审批免费使用变更"), f"{grantee} · {title}", business_date(change.asked_at))


def free_use_ending(asking: Asking) -> Iterator[Task]:
    """Return the own exemptions that end soon and that nothing follows."""
    until = asking.today + ENDS_SOON
    query = exemptions.ending(asking.acting(*BUYERS), asking.today, until).add_columns(Product.title)
    for one, title in asking.session.execute(query.order_by(Exemption.valid_until).limit(SHOWN_MAX)):
        what = gettext("免费使用即将到期，可申请续期")
        yield _free_use(one, what, title, one.valid_from, due=one.valid_until)


def _free_use(one: Exemption, what: str, title: str, since: date, *, due: date | None = None) -> Task:
    url = url_for("exemption_pages.show", exemption_id=one.id)
    return Task("free_use", what, one.number, title, url, one.place, since, due, "PUB-02")


def misuses_waiting(asking: Asking) -> Iterator[Task]:
    """Return the misuses that the person may decide on now: the grantee was heard, or its days to state are over."""
    for one in misuses.waiting(asking.session, asking.acting(Role.SUPERVISOR))[:SHOWN_MAX]:
        if one.state is MisuseState.HEARD or asking.today > one.hearing_until:
            yield _misuse(asking, one, gettext("认定是否改作他用"))


def misuses_to_answer(asking: Asking) -> Iterator[Task]:
    """Return the misuses on which the own organisation may still state its view, or owes the fee."""
    own = asking.own(*BUYERS)
    states = (MisuseState.RECORDED, MisuseState.CLAIMED)
    query = sa.select(Misuse).where(Misuse.grantee_id.in_(own), Misuse.state.in_(states)).order_by(Misuse.hearing_until)
    for one in asking.session.scalars(query.limit(SHOWN_MAX)):
        if one.state is MisuseState.CLAIMED:
            yield _misuse(asking, one, gettext("缴纳改作他用期间的费用"))
        elif asking.today <= one.hearing_until:
            yield _misuse(asking, one, gettext("陈述对改作他用的意见"), is_due=True)


def _misuse(asking: Asking, one: Misuse, what: str, *, is_due: bool = False) -> Task:
    title = asking.session.get_one(Product, one.product_id).title
    grantee = asking.session.get_one(Party, one.grantee_id).name
    return Task(
        "misuses", what, one.number, f"{grantee} · {title}", url_for("misuse_pages.show", misuse_id=one.id), one.place,
        business_date(one.recorded_at), one.hearing_until if is_due else None, "PUB-02",
    )  # fmt: skip


def complaints_waiting(asking: Asking) -> Iterator[Task]:
    """Return the complaints about fees that wait for the person's next step."""
    words = {
        ComplaintState.FILED: gettext("受理收费投诉"),
        ComplaintState.ACCEPTED: gettext("核查收费投诉"),
        ComplaintState.REVIEWED: gettext("决定收费投诉"),
        ComplaintState.DECIDED: gettext("了结收费投诉"),
    }
    for one in complaints.waiting(asking.session, asking.acting(Role.SUPERVISOR, Role.PRICE))[:SHOWN_MAX]:
        title = asking.session.get_one(Product, one.product_id).title
        yield Task(
            "complaints", words[one.state], one.number, title,
            url_for("complaint_pages.show", complaint_id=one.id), one.place, business_date(one.filed_at),
            _complaint_due(asking, one), "PRC-11",
        )  # fmt: skip


def _complaint_due(asking: Asking, one: PriceComplaint) -> date | None:
    """Return the last day to deal with a complaint, where the place says how many working days that takes."""
    filed = business_date(one.filed_at)
    days = PricingPolicy.at(asking.book, one.place, filed).complaint_working_days
    return None if days is None else asking.calendar.add_working_days(filed, days.integer())


def negotiations_waiting(asking: Asking) -> Iterator[Task]:
    """Return the negotiations in which it is the own organisation's turn."""
    actor = asking.acting(*SELLERS, *BUYERS)
    query = negotiated.visible(actor).where(Negotiation.state.in_(OPEN), Negotiation.answer_by >= asking.today)
    query = query.order_by(Negotiation.answer_by).limit(SHOWN_MAX)
    for one in asking.session.scalars(query):
        turn = Side.BUYER if one.state is NegotiationState.OFFERED else Side.SELLER
        if negotiated.side_of(actor, one) is not turn:
            continue
        title = asking.session.get_one(Product, one.product_id).title
        other = asking.session.get_one(Party, one.seller_id if turn is Side.BUYER else one.buyer_id).name
        yield Task(
            "negotiations", gettext("答复对方的报价"), one.number, f"{other} · {title}",
            url_for("negotiation_pages.show", negotiation_id=one.id), one.place, business_date(one.opened_at),
            one.answer_by, "PRC-01",
        )  # fmt: skip


def quotes_closed(asking: Asking) -> Iterator[Task]:
    """Return the own quotes that would still run but can no longer be ordered: to be asked for anew."""
    query = orders.quotes(asking.acting(*BUYERS)).where(Quote.valid_until > asking.now)
    query = query.where(~sa.exists().where(Order.quote_id == Quote.id)).order_by(Quote.valid_until).limit(SHOWN_MAX)
    found = asking.session.scalars(query).all()
    for one in orders.states_of(asking.session, found, now=asking.now, book=asking.book):
        if one.state in CLOSED_QUOTES:
            title = asking.session.get_one(Product, one.quote.product_id).title
            yield Task(
                "quotes", gettext("报价已关闭，请重新询价"), one.quote.number, title,
                url_for("order_pages.show_quote", number=one.quote.number), one.quote.place,
                business_date(one.quote.made_at), None, "PRC-05", one.closed_because or "",
            )  # fmt: skip
