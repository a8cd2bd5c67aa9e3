"""Chapter 11: files come by links of one use, both sides count, a difference is decided, invoices are taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from web.demo.chapters.sale import payment_of, put_up_papers
from web.demo.days import MONTH
from web.demo.market import Bought, Counted
from web.demo.papers import paper
from web.demo.stage import Stage, StoryBroken, Told

DISPUTES = "/api/v1/disputes"
INVOICES = "/api/v1/invoices"
RECEIPTS = "/api/v1/receipts"
REFUNDS = "/api/v1/refunds"


def deliver(stage: Stage, told: Told) -> None:
    """Deliver what was bought as rows over the data plane, and as files by links of one use."""
    told.market["delivered"] = {}
    for one in told.place.market.bought:
        form = told.place.product(one.product).form
        if form != "report":
            deliver_one = _call if form == "api" else _download
            told.market["delivered"][one.key] = deliver_one(stage, told, one)


def report(stage: Stage, told: Told) -> None:
    """Put up the report of the month that is over; who bought the time that it is about downloads it."""
    for one in told.place.market.bought:
        fact = told.place.product(one.product)
        if fact.form == "report":
            url = f"/api/v1/products/{told.products[fact.key]['code']}"
            put_up_papers(stage, told.login(fact.seller), url, fact)
            told.market["delivered"][one.key] = _download(stage, told, one)


def _call(stage: Stage, told: Told, one: Bought) -> str:
    wanted, code = told.place.product(one.product).rows[0]["key"], told.products[one.product]["code"]
    buyer = told.login(one.buyer)
    answer = stage.call(
        "GET", f"/exchange/v1/products/{code}/records/{wanted}", who=buyer, token=told.keys.get(buyer),
        headers={"Client-Reference": f"{one.reference}-1", "Huiyi-Entitlement": _number(told, one.key)},
    )  # fmt: skip
    if answer.status_code != 200 or answer.headers["Huiyi-Used"] != "1":
        raise StoryBroken(f"{one.reference}: {answer.status} {answer.text[:600]}")
    return f"接口调用 1 次，余 {answer.headers['Huiyi-Remaining']} 次"


def _download(stage: Stage, told: Told, one: Bought) -> str:
    """Make a link and follow it; the second time it gives nothing, and nobody else may follow it."""
    buyer, number = told.login(one.buyer), _number(told, one.key)
    files = f"/exchange/v1/entitlements/{number}/files"
    (file,) = stage.get(buyer, files)["items"]
    link = "/exchange" + stage.send(buyer, f"{files}/{file['id']}/links")["url"].split("/exchange", 1)[1]
    stranger = told.login("public_body")
    stage.refused(told, "他人使用下载链接", stranger, link, rule="", by="GET")
    answer = stage.call("GET", link, who=buyer)
    content = next(found.text for found in told.place.product(one.product).papers)
    if answer.status_code != 200 or answer.data != content.encode():
        raise StoryBroken(f"{one.reference}: {answer.status} {answer.text[:600]}")
    stage.refused(told, "同一下载链接使用第二次", buyer, link, rule="", by="GET")
    return f"{file['file_name']}，{file['size_bytes']} 字节，一次性链接"


def _number(told: Told, key: str) -> str:
    return str(told.market["orders"][key]["entitlement"]["number"])


def feed_back(stage: Stage, told: Told) -> None:
    """Let the seller feed results back to government sharing, where the place asks for it (REU-02)."""
    words = told.place.market.fed_back
    if words is None:
        return
    fact = told.place.products[0]
    code = told.products[fact.key]["code"]
    given = {"product_code": code, "kind": "result", "words": words, "file": paper("成果", f"{words}（演示）")}
    made = stage.send(told.login(fact.seller), "/api/v1/feedback", given)
    url = f"/api/v1/feedback/{made['number']}/answer"
    told.market["feedback"] = stage.send(told.login("supervisor"), url, {"act": "receive"}, of=made)


def count(stage: Stage, told: Told) -> None:
    """Let both sides count March and sign; where they differ, the buyer disputes the difference and nothing else."""
    told.market["receipts"] = {}
    for counted in told.place.market.counted:
        receipt = _countersign(stage, told, counted)
        told.market["receipts"][counted.purchase] = receipt
        if receipt["state"] == "disputed":
            _dispute(stage, told, counted, receipt)


def _countersign(stage: Stage, told: Told, counted: Counted) -> dict[str, Any]:
    buyer, seller = _sides(told, counted)
    number = told.entitlements[counted.purchase]["number"]
    for who, units in ((seller, counted.provider), (buyer, counted.buyer)):
        said = {"entitlement_number": number, "month": MONTH, "count": units}
        receipt = stage.send(who, RECEIPTS, said)
    for who in (seller, buyer):
        url = f"{RECEIPTS}/{receipt['number']}/signature"
        receipt = stage.send(who, url, {"sha256": receipt["sha256"]}, of=receipt)
    found: dict[str, Any] = receipt
    return found


def _sides(told: Told, counted: Counted) -> tuple[str, str]:
    purchase = next(found for found in told.place.purchases if found.key == counted.purchase)
    return told.login(purchase.buyer), told.login(told.place.product(purchase.product).seller)


def _dispute(stage: Stage, told: Told, counted: Counted, receipt: dict[str, Any]) -> None:
    buyer, _seller = _sides(told, counted)
    said = {
        "track": "buyer", "receipt_number": receipt["number"], "words": counted.words, "contact": "示例联系电话",
    }  # fmt: skip
    made = stage.send(buyer, DISPUTES, said)
    order = told.orders[counted.purchase]["number"]
    told.market["frozen"] = stage.get(buyer, f"{DISPUTES}/holds/{order}")
    supervisor = told.login("supervisor")
    taken_up = stage.send(supervisor, f"{DISPUTES}/{made['id']}/acceptance", {}, of=made)
    reviewed = stage.send(supervisor, f"{DISPUTES}/{made['id']}/way", {"act": "review"}, of=taken_up)
    attempt, wish = "未听取另一方意见即拟定决定", _verdict(counted)
    stage.refused(told, attempt, supervisor, f"{DISPUTES}/{made['id']}/proposals", wish, rule="DSP-02", of=reviewed)
    told.market["dispute"] = reviewed


def _verdict(counted: Counted) -> dict[str, Any]:
    return {"outcome": "upheld", "awarded": "0.00", "units": counted.buyer, "reason": counted.findings}


def decide(stage: Stage, told: Told) -> None:
    """Hear the other side; one officer proposes, another one decides; the receipt then stands as decided."""
    if "dispute" not in told.market:
        return
    counted = next(one for one in told.place.market.counted if one.words)
    _buyer, seller = _sides(told, counted)
    found = told.market["dispute"]
    url, supervisor, deputy = f"{DISPUTES}/{found['id']}", told.login("supervisor"), told.login("deputy")
    stage.send(seller, f"{url}/statements", {"words": counted.answer}, of=found)
    found = stage.get(supervisor, url)
    stage.send(supervisor, f"{url}/proposals", _verdict(counted) | {"awarded": found["amount"]}, of=found)
    found = stage.get(supervisor, url)
    word = {"is_confirmed": True, "reason": "核对日志，同意"}
    stage.refused(told, "拟定人自己确认争议决定", supervisor, f"{url}/verdict", word, rule="DSP-02", of=found)
    found = stage.send(deputy, f"{url}/verdict", word, of=found)
    told.market["dispute"] = stage.send(supervisor, f"{url}/closing", {"words": "双方按决定的次数认账"}, of=found)
    receipt = told.market["receipts"][counted.purchase]
    told.market["receipts"][counted.purchase] = stage.get(seller, f"{RECEIPTS}/{receipt['number']}")


def invoice(stage: Stage, told: Told) -> None:
    """Let a buyer ask for the invoice of an order once, and the seller enter what the tax system issued."""
    taken_back = told.place.market.taken_back
    if taken_back is None:
        return
    bought = next(one for one in told.place.market.bought if one.key == taken_back.order)
    buyer, seller = told.login(bought.buyer), told.login(told.place.product(bought.product).seller)
    party = told.parties[bought.buyer]
    wanted = {
        "order_number": told.market["orders"][bought.key]["number"], "type": "special", "title": party["name"],
        "tax_number": party["uscc"], "address": "示例市示例路1号 示例电话", "bank": "示例银行 0000",
    }  # fmt: skip
    asked = stage.send(buyer, INVOICES, wanted)
    stage.refused(told, "同一笔款项再次申请开票", buyer, INVOICES, wanted, rule="")
    told.market["invoice"] = _issue(stage, told, seller, asked)


def _issue(stage: Stage, told: Told, seller: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Enter number and day of the tax system (made up: the twenty digits of a digital invoice)."""
    serial = f"{told.place.division}{stage.today:%Y%m%d}{asked['number'][-6:]}"
    entered = {"tax_system_number": serial, "issued_date": stage.today.isoformat()}
    issued: dict[str, Any] = stage.send(seller, f"{INVOICES}/{asked['number']}/issue", entered, of=asked)
    return issued


def give_back(stage: Stage, told: Told) -> None:
    """Give part of the money back by three persons; the job asks for the red letter that belongs to it."""
    taken_back = told.place.market.taken_back
    if taken_back is None:
        return
    bought = next(one for one in told.place.market.bought if one.key == taken_back.order)
    buyer, checker = told.login(bought.buyer), told.login("checker")
    payment = payment_of(stage, buyer, told.market["orders"][bought.key])
    asked = {
        "payment_id": payment["id"], "amount": taken_back.amount, "reason": taken_back.reason,
        "client_reference": f"{bought.reference}-R",
    }  # fmt: skip
    more = asked | {"amount": f"{Decimal(payment['amount']) + 1:.2f}", "client_reference": f"{bought.reference}-X"}
    stage.refused(told, "申请退还多于所付的金额", buyer, REFUNDS, more, rule="")
    made = stage.send(buyer, REFUNDS, asked)
    url, word = f"{REFUNDS}/{made['id']}", {"act": "approve", "reason": "未使用部分，同意退还"}
    approved = stage.send(checker, f"{url}/decision", word, of=made)
    sent = {"bank_line": f"OUT-{made['number']}", "paid_at": stage.moment.isoformat()}
    stage.refused(told, "批准退款的人自己付款", checker, f"{url}/transfer", sent, rule="", of=approved)
    told.market["refund"] = stage.send(told.login("payer"), f"{url}/transfer", sent, of=approved)
    _take_back(stage, told, bought)


def _take_back(stage: Stage, told: Told, bought: Bought) -> None:
    stage.run_job("payments.take_in")
    stage.run_job("invoices.red_letters")
    seller = told.login(told.place.product(bought.product).seller)
    (asked,) = stage.get(seller, f"{INVOICES}?kind=red")["items"]
    told.market["red_letter"] = _issue(stage, told, seller, asked)
