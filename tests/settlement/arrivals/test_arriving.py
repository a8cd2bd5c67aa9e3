"""What Stripe moved is fetched once, its payout is recognised at the bank, and the clearing accounts are empty."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from kernel import clock, db
from kernel.calendar import DAY, Period, business_date
from kernel.identity import Role
from kernel.money import ZERO, Money
from kernel.schedule import Daily
from market.bank_lines.model import BankLine
from market.bank_lines.queries import unapplied as unapplied_of
from market.bank_lines.rules import LineState
from market.payments import commands as payments
from market.payments.rules import PaymentMethod
from settlement.arrivals import commands, queries
from settlement.arrivals.model import Arrival
from settlement.arrivals.rules import DoesNotFit, is_arrived, payout_in
from settlement.breaks.model import Break
from settlement.ledger.queries import balance
from settlement.matching.rules import Flow
from settlement.provider_lines.model import ProviderFile, ProviderLine
from settlement.provider_lines.queries import of_batch
from settlement.reconciliation import commands as runs
from settlement.reconciliation.model import ReconciliationRun
from tests.make import market as sale
from tests.make import paying
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program, key, send
from web import fetching
from web import paying as provider
from web.scheduling import Turn

SOLD = sale.SALE
LATER = SOLD + 2 * DAY
PERIOD = Period(business_date(SOLD), business_date(SOLD) + DAY)
HELD = ("asset:psp", "asset:transit", "liability:unapplied")


@pytest.fixture
def stripe(app):
    """A site whose buyers pay at a server that behaves like Stripe."""
    with paying.stripe_for(app, now=lambda: clock.now().timestamp()) as fake:
        yield fake


def sell(app, fake) -> None:
    """One order paid online at the moment of sale."""
    with app.app_context(), clock.set_to(SOLD):
        with db.transaction() as session:
            (due,) = paying.make_due(session)
            made = payments.begin(session, paying.buyer(due), due.id, method=PaymentMethod.STRIPE,
                                  return_url="https://example.org/", now=SOLD)  # fmt: skip
            made_id, number = made.id, made.number
        provider.follow(made_id)
        fake.buyer_pays(fake.session_for(number)["id"])
        provider.follow(made_id)


def pay_out(fake, at=SOLD) -> dict:
    with clock.set_to(at):
        return fake.pays_out()


def held(session) -> dict[str, Money]:
    return {head: balance(session, f"{head}:{base.PLACE}") for head in HELD}


def fetch(app, period: Period = PERIOD):
    with app.app_context(), clock.set_to(LATER):
        return fetching.fetch(make.preparer(), base.PLACE, period)


def recognise(app) -> int:
    with app.app_context(), clock.set_to(LATER), db.transaction() as session:
        return fetching.recognise(session, make.preparer(), base.PLACE, LATER)


def bank_says(app, amount: str, remark: str, serial: str = "BK-PO"):
    with app.app_context(), db.transaction() as session:
        return paying.enter(session, serial, amount, remark, "支付机构", now=LATER).id


@pytest.mark.both_databases
def test_what_was_fetched_is_kept_once_and_the_payout_clears_every_account(app, stripe):
    sell(app, stripe)
    payout = pay_out(stripe)
    assert (fetch(app).row_count, fetch(app).known) == (2, 0)
    with app.app_context():
        session = db.session()
        lines = {line.flow: line for line in session.scalars(sa.select(ProviderLine))}
        assert set(lines) == {Flow.CHARGE, Flow.PAYOUT}
        assert lines[Flow.CHARGE].batch == lines[Flow.PAYOUT].reference == payout["id"]
        assert (lines[Flow.CHARGE].amount, lines[Flow.CHARGE].fee) == (Money.yuan("800.00"), Money.yuan("4.80"))
        assert len(session.scalars(sa.select(ProviderFile)).all()) == 1
        session.rollback()
    line_id = bank_says(app, "795.20", f"STRIPE {payout['id']}")
    assert recognise(app) == 1
    assert recognise(app) == 0
    with app.app_context(), clock.set_to(LATER):
        session = db.session()
        assert set(held(session).values()) == {ZERO}
        assert session.get_one(BankLine, line_id).state is LineState.HANDED_OVER
        assert unapplied_of(session, base.PLACE) == ZERO
        made = runs.reconcile(session, make.preparer(), place=base.PLACE, period=PERIOD, now=LATER, book=make.LAW)
        assert made.found == []
        assert made.agreed["payout"] == made.agreed["charge"] == 1
        session.rollback()


@pytest.mark.both_databases
def test_a_payout_told_after_its_lines_still_takes_their_fees(app, stripe):
    sell(app, stripe)
    fetch(app)
    payout = pay_out(stripe, SOLD + DAY)
    assert fetch(app, Period(PERIOD.end, PERIOD.end + DAY)).known == 1
    with app.app_context():
        session = db.session()
        assert [line.flow for line in of_batch(session, base.PLACE, payout["id"])] == [Flow.CHARGE]
        session.rollback()
    recognise(app)
    with app.app_context():
        assert held(db.session())["asset:psp"] == ZERO
        assert balance(db.session(), f"expense:provider_fee:{base.PLACE}") == Money.yuan("4.80")
        db.session().rollback()


@pytest.mark.both_databases
def test_a_person_decides_where_the_words_do_not_and_takes_it_back(app, stripe):
    sell(app, stripe)
    payout = pay_out(stripe)
    fetch(app)
    line_id, other = bank_says(app, "795.20", "清算款"), bank_says(app, "795.21", f"{payout['id']} 合并", "BK-X")
    assert recognise(app) == 0
    with clock.set_to(LATER):
        person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
        page = person.get("/suspense").text
        assert payout["id"] in page
        with app.app_context():
            version = db.session().get_one(BankLine, line_id).version
            wrong = db.session().get_one(BankLine, other).version
            db.session().rollback()
        claim = {"payout": payout["id"], "note": "对照结算单", "version": version}
        url = f"/suspense/lines/{line_id}/payout"
        more = send(person, f"/suspense/lines/{other}/payout", claim | {"version": wrong}, form_at="/suspense")
        assert "尚待到账 795.20 元" in person.get(more.headers["Location"]).text
        assert send(person, url, claim | {"note": ""}, form_at="/suspense").status_code == 303
        assert send(person, url, claim, form_at="/suspense").status_code == 303
        with app.app_context():
            session = db.session()
            assert held(session)["asset:transit"] == ZERO
            assert held(session)["liability:unapplied"] == -Money.yuan("795.21")
            assert session.get_one(BankLine, line_id).state is LineState.HANDED_OVER
            made = session.scalars(sa.select(Arrival)).one()
            assert (made.amount, made.note) == (Money.yuan("795.20"), "对照结算单")
            session.rollback()
        shown = f"/bank-lines/{line_id}"
        assert "撤销认定" in person.get(shown).text
        with app.app_context():
            version = db.session().get_one(BankLine, line_id).version
            db.session().rollback()
        back = send(person, f"{url}/release", {"note": "看错", "version": version}, form_at=shown)
        assert back.status_code == 303
    with app.app_context():
        session = db.session()
        assert held(session)["asset:transit"] == Money.yuan("795.20")
        assert session.get_one(BankLine, line_id).state is LineState.QUEUED
        assert queries.of_line(session, line_id) is None
        session.rollback()
    with app.app_context(), clock.set_to(LATER), db.transaction() as session, pytest.raises(DoesNotFit):
        commands.take_back(session, make.preparer(), line_id, note="再次", now=LATER)


@pytest.mark.both_databases
def test_the_database_itself_refuses_more_than_was_paid_out_and_a_credit_twice(app, stripe):
    sell(app, stripe)
    payout = pay_out(stripe)
    fetch(app)
    first = bank_says(app, "795.20", f"A {payout['id']}")
    recognise(app)
    second = bank_says(app, "0.01", "零头", "BK-2")
    with app.app_context():
        session = db.session()
        one = session.scalars(sa.select(Arrival)).one()
        for line_id, amount in ((first, one.amount), (second, Money(1))):
            again = sa.insert(Arrival).values(bank_line_id=line_id, payout_id=one.payout_id, place=base.PLACE,
                                              amount=amount, note="", made_at=LATER, made_by="x")  # fmt: skip
            with pytest.raises(DatabaseError), session.begin_nested():
                session.execute(again)
        session.rollback()


def test_parts_that_add_up_to_a_payout_are_recognised_together(app, stripe):
    sell(app, stripe)
    payout = pay_out(stripe)
    fetch(app)
    bank_says(app, "700.00", f"{payout['id']} 1/2", "BK-1")
    assert recognise(app) == 0
    bank_says(app, "95.20", f"{payout['id']} 2/2", "BK-2")
    assert recognise(app) == 2


def test_a_silent_provider_leaves_nothing_behind_and_is_named(app, stripe):
    sell(app, stripe)
    stripe.switches.fail_before, stripe.switches.on = 9, "/v1/balance"
    with pytest.raises(fetching.NoAnswer):
        fetch(app)
    with app.app_context():
        assert db.session().scalars(sa.select(ProviderFile)).all() == []
        db.session().rollback()


def test_every_page_of_a_long_list_is_read(app, stripe):
    with clock.set_to(SOLD):
        for number in range(230):
            stripe.moves("stripe_fee", {"id": f"fee_{number}", "currency": "cny"}, -1)
    assert fetch(app).row_count == 230
    assert sum(path == "/v1/balance_transactions" for _, path in stripe.calls) == 3


@pytest.mark.both_databases
def test_the_daily_job_fetches_recognises_and_reconciles_the_day_before_once(app, stripe):
    sell(app, stripe)
    payout = pay_out(stripe)
    bank_says(app, "795.20", f"STRIPE {payout['id']}")
    turn = Turn(LATER, Daily().slot(SOLD + DAY))
    with app.app_context(), clock.set_to(LATER):
        assert "结算到账 1 笔" in fetching.reconcile_daily(turn)
        assert "已对账" in fetching.reconcile_daily(turn)
        session = db.session()
        assert len(session.scalars(sa.select(ReconciliationRun)).all()) == 1
        assert session.scalars(sa.select(Break)).all() == []
        session.rollback()


def test_programs_fetch_and_claim_and_strangers_do_not(app, stripe):
    sell(app, stripe)
    payout = pay_out(stripe)
    line_id = bank_says(app, "795.20", "清算款")
    days = {"place": base.PLACE, "first_day": PERIOD.start.isoformat()}
    with clock.set_to(LATER):
        client, maker = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
        stranger = as_program(app, Role.FINANCE_PREPARER, place="guangzhou")
        assert client.post("/api/v1/payout-arrivals/fetches", json=days, headers=key(stranger)).status_code == 403
        made = client.post("/api/v1/payout-arrivals/fetches", json=days, headers=key(maker))
        assert (made.status_code, made.json["row_count"]) == (201, 2), made.text
        ran = client.post("/api/v1/reconciliations", json=days, headers=key(maker))
        assert ran.status_code == 201, ran.text
        seen = client.get(f"/api/v1/bank-lines/{line_id}", headers=maker).json
        versioned = {**key(maker), "If-Match": f'"v{seen["version"]}"'}
        claim = {"payout": payout["id"], "note": "核对"}
        url = f"/api/v1/payout-arrivals/{line_id}"
        unknown = client.post(url, json=claim | {"payout": "po_unknown1"}, headers=versioned)
        assert (unknown.status_code, unknown.json["code"]) == (422, "payout_arrival.does_not_fit")
        versioned = {**key(maker), "If-Match": f'"v{seen["version"]}"'}
        assert client.post(url, json=claim, headers=versioned).status_code == 201


def test_words_name_a_payout_and_only_the_whole_rest_is_recognised():
    assert payout_in("STRIPE po_1AbcdefG/2") == "po_1AbcdefG"
    assert payout_in("depo_1234567") == ""
    assert is_arrived(Money(3), [Money(1), Money(2)])
    assert not is_arrived(Money(3), [Money(4)])
    assert not is_arrived(ZERO, [])
