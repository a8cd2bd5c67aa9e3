"""One trade with everything that can hang on it, made through the real commands: what strangers must not reach."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import Role
from kernel.money import Money
from market.approvals import commands as approvals
from market.buyer_accounts import commands as accounts
from market.buyer_accounts.model import MonthlyStatement
from market.contracts import commands as contracts
from market.contracts import queries as contract_queries
from market.contracts.rules import SealKind
from market.delivery import commands as delivery
from market.disputes import commands as disputes
from market.disputes.rules import Track
from market.downloads import commands as downloads
from market.feedback import commands as feedback
from market.feedback.rules import FeedbackKind
from market.listings.model import Listing
from market.orders import queries as orders
from market.orders.model import Quote
from market.payments import commands as payments
from market.payments.rules import PaymentMethod
from market.webhooks import commands as webhooks
from market.webhooks.model import Delivery
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.rules import DeliveryForm
from tests.make import delivering, invoices, paying, receipts
from tests.make import market as make
from tests.make import registry_base as base
from tests.make import registry_products as registry

ENDPOINT = "https://hooks.huiyi-buyer.cn/in"
KEY = b"a key of thirty-two bytes, or so"
FED_BACK = {"name": "simulated.csv", "media_type": "text/csv", "content": b"key,score\n1,2\n"}
SEAL = {"name": "合同.pdf", "media_type": "application/pdf", "content": b"%PDF-1.7 sealed"}
STATED = make.SALE.replace(month=9, day=3)


@dataclass
class Trade:
    """Who bought and sold, and what each record is called in addresses."""

    buyer: Party
    seller: Party
    names: dict[str, str] = field(default_factory=dict)


def make_whole_trade(session: Session) -> Trade:
    """Sell a file and deliver it, invoice, count and dispute it, ask for money back; and leave another order unpaid."""
    product = make.make_offer(session, delivery_form=DeliveryForm.FILE)
    person = make.buyer_of(session)
    version = products.latest_version(session, product.id)
    file = delivery.add_file(session, registry.seller(product), version.id, file_name="七月.csv",
                             content=delivering.CSV.encode(), book=make.LAW, now=make.SALE)  # fmt: skip
    held = make.make_entitlement(session, product, person)
    order = orders.get(session, held.order_id)
    _, token = downloads.open_link(session, person, held.number, file.id, book=make.LAW, now=make.SALE)
    listing = session.scalars(sa.select(Listing).where(Listing.product_id == product.id)).one()
    made = Trade(session.get_one(Party, order.buyer_id), session.get_one(Party, order.seller_id), {
        "order": order.number, "quote": session.get_one(Quote, order.quote_id).number, "entitlement": held.number,
        "file": str(file.id), "token": token, "product": product.code, "listing": str(listing.id),
        "receipt": receipts.count(session, held, provider=900, buyer=800).number,
        "invoice": invoices.make_issued(session, held).number,
    })  # fmt: skip
    _seal(session, made, order.id)
    _money(session, made, order.id)
    _quarrel(session, made, order.number)
    _around(session, made)
    return made


def _seal(session: Session, made: Trade, order_id: object) -> None:
    contract = contract_queries.of_order(session, order_id)  # type: ignore[arg-type]
    assert contract is not None
    seal = contracts.attach_seal(
        session, base.actor(Role.BUYER, org_id=made.buyer.id), contract.id, kind=SealKind.SEALED_DOCUMENT,
        statement="某电子认证机构签发", sealed_at=make.SALE, file=SEAL, now=make.SALE,
    )  # fmt: skip
    made.names |= {"contract": str(contract.id), "seal": str(seal.id)}


def _money(session: Session, made: Trade, order_id: object) -> None:
    person = base.actor(Role.BUYER, org_id=made.buyer.id)
    order = orders.get(session, order_id)  # type: ignore[arg-type]
    product = products.get(session, order.product_id)
    paid, charged, due = paying.payment_of(session, order), *_concluded(session, product, person)
    account = paying.make_account(session, due, balance="50.00", credit="5000.00")
    accounts.pay_on_account(session, person, charged.id, now=make.SALE, book=make.LAW)
    scheduler = base.actor(Role.SCHEDULER)
    assert accounts.issue_statements(session, scheduler, month="2026-07", now=STATED) == 1
    limit = accounts.propose_limit(session, make.finance(), account.id, amount=Money.yuan("9000.00"), due_days=30,
                                   basis="补充协议", now=make.SALE)  # fmt: skip
    statement = session.scalars(sa.select(MonthlyStatement)).one()
    attempt = payments.begin(session, person, due.id, method=PaymentMethod.STRIPE, return_url="https://x.cn/",
                             now=make.SALE)  # fmt: skip
    line = paying.enter(session, "LOOSE", "1.00", "货款", "某人")
    made.names |= {
        "payment": str(paid.id), "due": str(due.id), "account": str(account.id), "limit": str(limit.id),
        "statement": statement.number, "attempt": str(attempt.id), "line": str(line.id),
        "refund": str(paying.ask_back(session, paid, "10.00").id),
    }  # fmt: skip


def _concluded(session: Session, product: object, person: object) -> list[object]:
    found = []
    for _ in range(2):
        order = make.make_order(session, product, person)  # type: ignore[arg-type]
        make.sign_both(session, order, person)  # type: ignore[arg-type]
        found.append(paying.payment_of(session, order))
    return found


def _quarrel(session: Session, made: Trade, order_number: str) -> None:
    person = base.actor(Role.BUYER, org_id=made.buyer.id)
    dispute = disputes.file_dispute(
        session, person, track=Track.BUYER, words="多计", contact="1", order_number=order_number, now=receipts.AFTER,
        book=make.LAW, calendar=registry.calendar(), evidence=FED_BACK, amount=Money.yuan("5.00"),
    )  # fmt: skip
    made.names |= {"dispute": str(dispute.id), "reference": dispute.reference}


def _around(session: Session, made: Trade) -> None:
    person = base.actor(Role.BUYER, org_id=made.buyer.id)
    rule = approvals.propose_rule(session, person, is_on=True, above=Money.yuan("1.00"), reason="内控", now=make.SALE)
    endpoint = webhooks.register(session, person, url=ENDPOINT, known=(), admitted=(), key=KEY, now=make.SALE)
    queued = session.scalars(sa.select(Delivery).where(Delivery.endpoint_id == endpoint.id)).one()
    elsewhere = make.make_offer(session, place="guangzhou")
    fed = feedback.deliver(session, registry.seller(elsewhere), product_code=elsewhere.code, file=FED_BACK,
                           kind=FeedbackKind.SIMULATED, words="仿真数据", now=make.SALE, book=make.LAW)  # fmt: skip
    made.names |= {
        "rule": str(rule.id), "endpoint": str(endpoint.id), "delivery": str(queued.id), "feedback": fed.number,
        "api_product": elsewhere.code,
    }  # fmt: skip
