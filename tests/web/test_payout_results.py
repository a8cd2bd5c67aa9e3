"""A payout whose fate nobody told us, from the desk to the books: by page, by program, and against the provider."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from settlement.breaks.model import Break
from settlement.payouts import queries
from settlement.payouts.model import PayoutBatch
from settlement.payouts.rules import PayoutState
from tests.fakes.stripe_server import FakeStripe
from tests.make import paying
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send
from tests.web.test_paying_out import sent
from web import paying_out

PLACE, RESULTS = base.PLACE, "/api/v1/payout-resolutions"
PAPER = {"name": "stripe.pdf", "content_base64": base64.b64encode(b"%PDF the answer of Stripe").decode()}


@pytest.fixture
def fake(app: Flask) -> Iterator[FakeStripe]:
    with clock.set_to(make.PAY), paying.stripe_for(app, now=make.PAY.timestamp) as running:
        yield running


def unknown(app: Flask, fake: FakeStripe) -> tuple[UUID, str]:
    """A transfer that Stripe made and did not answer about."""
    with app.app_context():
        payout_id, _ = sent()
        fake.switches.on, fake.switches.silent_after = "/v1/transfers", 1
        paying_out.follow(payout_id)
        return payout_id, queries.get(db.session(), payout_id).number


def state(app: Flask, payout_id: UUID) -> PayoutState:
    """The state of a payout now."""
    with app.app_context():
        return queries.get(db.session(), payout_id).state


def follow(app: Flask, **later: int) -> None:
    """Let the job run, some time later."""
    with clock.set_to(make.PAY + timedelta(**later)), app.app_context():
        paying_out.follow_all(clock.now())


def breaks(app: Flask) -> list[str]:
    """The references of all breaks."""
    with app.app_context():
        return list(db.session().scalars(sa.select(Break.reference)))


def test_two_people_end_it_by_program_and_a_contradiction_is_a_break(app: Flask, fake: FakeStripe) -> None:
    payout_id, number = unknown(app, fake)
    client = app.test_client()
    preparer, checker = (as_program(app, role, place=PLACE) for role in (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER))
    body = {
        "payout": number,
        "fate": "returned",
        "provider_reference": "case_1",
        "words": "Stripe 称未付",
        "file": PAPER,
    }
    assert client.post(RESULTS, json=body, headers=key(checker)).status_code == 403
    made = client.post(RESULTS, json=body, headers=key(preparer))
    assert made.status_code == 201, made.text
    url = f"{RESULTS}/{made.json['id']}/decision"
    act = {"act": "confirm", "words": "核对无误"}
    assert client.post(url, json=act, headers=key(checker)).status_code == 428
    assert client.post(url, json=act, headers={**key(checker), "If-Match": '"v9"'}).status_code == 412
    version = {"If-Match": made.headers["ETag"]}
    assert client.post(url, json=act, headers=key(preparer) | version).status_code == 403
    elsewhere = as_program(app, Role.FINANCE_CHECKER, place="futian")
    assert client.post(url, json=act, headers=key(elsewhere) | version).status_code == 404
    headers = key(checker) | version
    answer = client.post(url, json=act, headers=headers)
    assert (answer.status_code, answer.json.get("state")) == (200, "confirmed"), answer.text
    assert client.post(url, json=act, headers=headers).status_code == 412  # the same request again does nothing
    assert state(app, payout_id) is PayoutState.RETURNED
    assert client.post(url, json=act, headers=key(checker) | version).status_code == 412
    (transfer,) = fake.of_kind("transfer")  # and yet Stripe had sent it
    for hours in (7, 14):
        follow(app, hours=hours)
    assert state(app, payout_id) is PayoutState.RETURNED
    assert breaks(app) == [transfer["id"]]
    listed = client.get(RESULTS, headers=checker).json["items"]
    assert [(one["fate"], one["heard"], one["contradicted_at"] is None) for one in listed] == [
        ("returned", "succeeded", False)
    ]
    assert len(fake.of_kind("transfer")) == 1  # watching sends nothing


def test_it_is_sent_again_only_when_stripe_knows_nothing_of_it(app: Flask, fake: FakeStripe) -> None:
    payout_id, number = unknown(app, fake)
    client = app.test_client()
    preparer, checker = (as_program(app, role, place=PLACE) for role in (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER))
    body = {"payout": number, "fate": "sent_again", "words": "支付机构查无此笔"}
    made = client.post(RESULTS, json=body, headers=key(preparer))
    assert made.status_code == 201, made.text
    url, act = f"{RESULTS}/{made.json['id']}/decision", {"act": "confirm", "words": "同意"}
    version = {"If-Match": made.headers["ETag"]}
    refused = client.post(url, json=act, headers=key(checker) | version)
    assert (refused.status_code, refused.json["code"]) == (409, "payout_resolution.known_to_provider")
    del fake.objects[fake.of_kind("transfer")[0]["id"]]  # it had never got there
    fake.answers.clear()
    assert client.post(url, json=act, headers=key(checker) | version).status_code == 200
    assert state(app, payout_id) is PayoutState.SENT
    follow(app)
    assert state(app, payout_id) is PayoutState.CONFIRMED
    assert len(fake.of_kind("transfer")) == 1
    assert breaks(app) == []


def test_two_people_end_it_on_the_page_and_the_desk_leads_there(app: Flask, fake: FakeStripe) -> None:
    payout_id, number = unknown(app, fake)
    transfer, page = fake.of_kind("transfer")[0]["id"], f"/payout-results/{number}"
    preparer, checker = (as_person(app, role, place=PLACE) for role in (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER))
    with clock.set_to(make.PAY + timedelta(minutes=31)):
        later = as_person(app, Role.FINANCE_PREPARER, place=PLACE)
        assert page in later.get("/desk?kind=payouts").text
    missing = send(
        preparer, page, {"fate": "confirmed", "words": "已到账", "provider_reference": transfer}, form_at=page
    )
    assert (missing.status_code, "须上传" in missing.text) == (422, True)
    fields = {"fate": "confirmed", "words": "已到账", "provider_reference": transfer,
              "file": (io.BytesIO(b"%PDF paper"), "paper.pdf")}  # fmt: skip
    assert send(preparer, page, fields, form_at=page, content_type="multipart/form-data").status_code == 303
    assert "复核拨付结果认定" in checker.get("/desk?kind=payouts").text
    shown = checker.get(page).text
    assert ("已到账" in shown, "复核认定" in shown, "提交认定" in shown) == (True, True, False)
    (found,) = app.test_client().get(RESULTS, headers=as_program(app, Role.AUDITOR, place=PLACE)).json["items"]
    paper = checker.get(f"/payout-resolutions/{found['id']}/evidence")
    assert (paper.status_code, paper.data) == (200, b"%PDF paper")
    decided = send(
        checker, f"{page}/{found['id']}", {"act": "confirm", "words": "核对无误", "version": "1"}, form_at=page
    )
    assert decided.status_code == 303, decided.text
    assert state(app, payout_id) is PayoutState.CONFIRMED
    with app.app_context():
        assert queries.get(db.session(), payout_id).provider_id == transfer
    follow(app, hours=7)
    assert breaks(app) == []


def test_short_of_balance_the_page_says_what_is_there_and_the_payer_tries_again(app: Flask, fake: FakeStripe) -> None:
    fake.available = 89_999
    with app.app_context():
        payout_id, _ = sent()
        payout = queries.get(db.session(), payout_id)
        number = db.session().get_one(PayoutBatch, payout.batch_id).number
    follow(app)
    assert state(app, payout_id) is PayoutState.SHORT
    payer, url = as_person(app, Role.FINANCE_PAYER, place=PLACE), f"/payouts/{number}"
    assert "补足支付机构余额" in payer.get("/desk?kind=payouts").text
    page = payer.get(url).text
    for words in ("余额不足，待补足后重发", "Stripe 账户可用余额", "899.99", "立即重试"):
        assert words in page
    assert "余额仍不足" in payer.get(send(payer, f"{url}/retry", {}, form_at=url).headers["Location"]).text
    fake.available = 100_000
    client, retry = app.test_client(), f"/api/v1{url.replace('payouts', 'payout-batches')}/retry"
    preparer = as_program(app, Role.FINANCE_PREPARER, place=PLACE)
    assert client.post(retry, headers=key(preparer)).status_code == 403
    for _ in range(2):
        answer = client.post(retry, headers=key(as_program(app, Role.FINANCE_PAYER, place=PLACE)))
        assert (answer.status_code, [one["state"] for one in answer.json["items"]]) == (200, ["confirmed"])
    assert [one["amount"] for one in fake.of_kind("transfer")] == [90_000]
