"""The desks after a sale: invoices, delivery receipts, disputes, feedback and complaints, and the days they leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import ANONYMOUS, Role
from market.disputes import commands as disputes
from market.disputes.rules import DisputeAct, Outcome, Track
from market.orders import queries as orders
from market.receipts import commands as receipts
from pricing.complaints import commands as complaints
from pricing.complaints.rules import Ground
from registry.parties.model import Party
from tests.make import invoices as invoicing
from tests.make import market as make
from tests.make import receipts as counting
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.clients import as_person, as_program
from tests.make.invoices import sides
from tests.make.routes import config_for_tests
from tests.rig.databases import Databases
from web import create_app

DAY = datetime(2026, 9, 24, 2, 0, tzinfo=UTC)  # the day before Mid-Autumn, a week before the National Day
LATER = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)
RULES = {"book": make.LAW, "calendar": registry.calendar()}
KINDS = ("invoices", "receipts", "disputes", "feedback", "complaints")


@dataclass
class Day:
    """Who had to do with what on that day."""

    seller: Party
    buyer: Party
    guangzhou_seller: Party
    dispute: Any
    order_number: str
    department: Party


def make_day(session) -> Day:
    """A month counted by the seller alone, an invoice asked for, a dispute, a complaint, a product to be fed back."""
    held = make.make_entitlement(session, quantity=20_000)
    order = orders.get(session, held.order_id)
    buyer, seller = sides(session, order)
    invoicing.state(session, seller, now=make.SALE)
    invoicing.ask(session, order, now=DAY)
    counting.count(session, held, provider=100, now=DAY)
    dispute = disputes.file_dispute(session, buyer, track=Track.BUYER, words="计费有误", contact="0575-1", now=DAY,
                                    order_number=order.number, **RULES)  # fmt: skip
    product = make.products.get(session, order.product_id)
    complaints.file_complaint(
        session,
        ANONYMOUS,
        product_code=product.code,
        ground=Ground.TOO_HIGH,
        words="太贵",
        name="张三",
        contact="138",
        now=DAY,
    )
    elsewhere = make.make_offer(session, place="guangzhou")
    given = make.products.source_departments(session, elsewhere.id)[0][0]
    return Day(
        session.get_one(Party, order.seller_id), session.get_one(Party, order.buyer_id),
        session.get_one(Party, elsewhere.owner_id), dispute, order.number, session.get_one(Party, given),
    )  # fmt: skip


@pytest.fixture
def site(databases: Databases) -> Iterator[tuple[Flask, Day]]:
    clock.run_from(DAY)
    url = databases.fresh("sqlite")
    built = create_app(replace(config_for_tests(url), policy_overlays=str(base.DEMONSTRATION)))
    with built.app_context(), db.transaction() as session:
        day = make_day(session)
    yield built, day
    clock.run_from(None)
    built.extensions["huiyi_database"].engine.dispose()
    databases.discard(url)


def tasks(app: Flask, role: Role, party: Party | None = None, *, kinds: tuple[str, ...] = KINDS) -> list[tuple]:
    headers = as_program(app, role, party=party)
    found = app.test_client().get("/api/v1/desk", headers=headers).json["tasks"]
    person = as_person(app, role, party=party)
    shown = [one for one in found if one["kind"] in kinds]
    assert [one["url"] for one in shown if person.get(one["url"]).status_code != 200] == []
    return sorted((one["kind"], one["what"], one["due_date"], one["rule"]) for one in shown)


def test_each_side_finds_its_own_next_step_with_the_last_day_across_the_holidays(site: tuple[Flask, Day]) -> None:
    app, day = site
    assert tasks(app, Role.MERCHANT, day.seller) == [("invoices", "开具发票", None, "REV-07")]
    assert tasks(app, Role.BUYER, day.buyer) == [("receipts", "登记本方计数", None, "MKT-03")]
    assert tasks(app, Role.SUPERVISOR, kinds=("disputes", "complaints")) == [
        (
            "complaints",
            "受理收费投诉",
            "2026-10-22",
            "PRC-11",
        ),  # 15 working days: Mid-Autumn and the National Day lie between
        ("disputes", "受理争议", "2026-10-09", "DSP-02"),  # 5 working days
    ]
    assert tasks(app, Role.MERCHANT, day.guangzhou_seller) == [("feedback", "回馈成果或仿真数据", None, "REU-02")]


def test_a_dispute_moves_from_desk_to_desk_until_it_is_carried_out(site: tuple[Flask, Day]) -> None:
    app, day = site
    clock.run_from(LATER)
    first, second = base.supervisor(), base.supervisor()
    with app.app_context(), db.transaction() as session:
        disputes.accept(session, first, day.dispute.id, now=LATER, **RULES)
    assert ("disputes", "陈述对争议的意见", "2026-10-16", "DSP-02") in tasks(app, Role.MERCHANT, day.seller)
    with app.app_context(), db.transaction() as session:
        disputes.proceed(session, first, day.dispute.id, act=DisputeAct.MEDIATE, now=LATER)
    assert tasks(app, Role.SUPERVISOR, kinds=("disputes",)) == [("disputes", "调解争议", "2026-10-30", "DSP-02")]
    with app.app_context(), db.transaction() as session:
        disputes.proceed(session, first, day.dispute.id, act=DisputeAct.REVIEW, now=LATER)
        seller = base.actor(Role.MERCHANT, org_id=day.seller.id)
        disputes.state_view(session, seller, day.dispute.id, words="日志为证", now=LATER)
        disputes.propose(session, first, day.dispute.id, outcome=Outcome.DISMISSED, reason="依据日志", now=LATER)
    assert tasks(app, Role.SUPERVISOR, kinds=("disputes",))[0][1] == "复核争议处理意见"
    assert not [one for one in tasks(app, Role.MERCHANT, day.seller) if one[0] == "disputes"]
    with app.app_context(), db.transaction() as session:
        disputes.confirm(session, second, day.dispute.id, is_confirmed=True, reason="同意", now=LATER)
    assert tasks(app, Role.SUPERVISOR, kinds=("disputes",)) == [("disputes", "办结争议", None, "DSP-02")]


def test_a_receipt_waits_for_both_signatures_once_both_have_counted(site: tuple[Flask, Day]) -> None:
    app, day = site
    with app.app_context(), db.transaction() as session:
        buyer = base.actor(Role.BUYER, org_id=day.buyer.id)
        (receipt,) = receipts.queries.waiting(session, buyer)
        held = make.entitlements.of_order(session, receipt.order_id)
        counting.count(session, held, buyer=100, now=DAY)
    wanted = ("receipts", "签署交付回执", None, "MKT-03")
    assert wanted in tasks(app, Role.BUYER, day.buyer)
    assert wanted in tasks(app, Role.MERCHANT, day.seller)


def test_an_order_leads_to_its_invoice_its_receipts_and_its_dispute(site: tuple[Flask, Day]) -> None:
    app, day = site
    page = as_person(app, Role.BUYER, party=day.buyer).get(f"/orders/{day.order_number}").get_data(as_text=True)
    for url in ("/invoices/new?order_number=", "/disputes/new?order_number=", "/entitlements/"):
        assert url in page, url
    assert date(2026, 10, 9) == day.dispute.accept_by
