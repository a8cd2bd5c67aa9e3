"""Chapter 10: buyers find products, order, and pay by the bank's file, out of a balance, or once a month."""

from __future__ import annotations

import base64
import csv
import io
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from web.demo.chapters.sale import buy, entitlement_of, payment_of
from web.demo.market import Bought, Checked
from web.demo.stage import Stage, StoryBroken, Told

ACCOUNTS = "/api/v1/buyer-accounts"
LINES = "/api/v1/bank-lines"
HEADING = ("流水号", "交易时间", "收入金额", "支出金额", "对方户名", "附言")
ONE_FEN = Decimal("0.01")
TAXED_FROM = "2026-01-01"
DUE_DAYS = 15
OWN_NETWORK = "https://127.0.0.1/huiyi"


def state_taxpayers(stage: Stage, told: Told) -> None:
    """Let sellers state how they are taxed: without it nobody knows the rate of an invoice (REV-07)."""
    for seller, kind in told.place.market.taxpayers:
        who = told.login(told.place.person_of(seller).key)
        stage.send(who, "/api/v1/invoices/taxpayers", {"kind": kind, "from_date": TAXED_FROM})


def find(stage: Stage, told: Told) -> None:
    """Let a visitor find the first product by words, by pinyin, and by traditional characters."""
    searches = told.place.market.searches
    if not searches:
        return
    stage.run_job("catalogue.index")
    code = told.products[told.place.products[0].key]["code"]
    for words in searches:
        answer = stage.get(None, f"/api/v1/catalogue?{urlencode({'q': words, 'place': told.place.key})}")
        if code not in [found["code"] for found in answer["items"]]:
            raise StoryBroken(f"{words} does not find {code}")
    told.market["searches"] = searches


def order(stage: Stage, told: Told) -> None:
    """Order what is paid in different ways; the account from which some of it is paid is opened and given a limit."""
    market = told.place.market
    if market.checked is not None:
        _let_two_persons_buy(stage, told, market.checked)
    bought = [(one, _order(stage, told, one)) for one in market.bought]
    told.market["orders"] = {one.key: placed for one, placed in bought}
    if market.prepaid or market.credit:
        buyer = next(one.buyer for one in market.bought if one.way in ("prepaid", "monthly"))
        told.market["account"] = stage.send(told.login(buyer), ACCOUNTS, {"place": told.place.key})
    if market.credit:
        _give_credit(stage, told, market.credit)


def _order(stage: Stage, told: Told, one: Bought) -> dict[str, Any]:
    fact = told.place.product(one.product)
    wish = {
        "product_code": told.products[one.product]["code"],
        "purpose": "industry_development",
        "scenario": fact.scenario,
        "quantity": one.quantity,
    }
    checked = told.place.market.checked
    if checked is None or checked.order != one.key:
        placed = buy(stage, told, one.buyer, one.product, wish, one.reference)
    else:
        approve = partial(_approve, stage, told, one, checked)
        placed = buy(stage, told, one.buyer, one.product, wish, one.reference, before_signing=approve)
    return placed | {"payment": payment_of(stage, told.login(one.buyer), placed)}


def _let_two_persons_buy(stage: Stage, told: Told, checked: Checked) -> None:
    """Let one person of a buyer propose that dear orders need a second person, and another confirm it."""
    one = next(one for one in told.place.market.bought if one.key == checked.order)
    wanted = {"is_on": True, "above": checked.above, "reason": checked.reason}
    rule = stage.send(told.login(one.buyer), "/api/v1/approval-rules", wanted)
    url, act = f"/api/v1/approval-rules/{rule['id']}/decision", {"act": "confirm"}
    stage.refused(told, "提出复核规则的人自己确认", told.login(one.buyer), url, act, rule="", of=rule)
    told.market["approval_rule"] = stage.send(told.login(checked.second), url, act, of=rule)


def _approve(stage: Stage, told: Told, one: Bought, checked: Checked, placed: dict[str, Any]) -> None:
    """Show that a dear order waits: its contract cannot be signed, and whoever placed it cannot approve it."""
    buyer, second = told.login(one.buyer), told.login(checked.second)
    contract = stage.get(buyer, f"/api/v1/orders/{placed['number']}/contract")
    signature, url = f"/api/v1/contracts/{contract['id']}/signature", f"/api/v1/orders/{placed['number']}/approval"
    stage.refused(
        told, "未经第二人复核即签署合同", buyer, signature, {"sha256": contract["sha256"]}, rule="", of=contract
    )
    act = {"act": "approve", "reason": "与年度采购计划一致"}
    stage.refused(told, "下单人自己复核订单", buyer, url, act, rule="", of=placed)
    waiting = stage.get(second, "/api/v1/approvals/waiting")
    if len(waiting) != 1:
        raise StoryBroken(f"one order waits for its second person, not {len(waiting)}")
    told.market["approval"] = stage.send(second, url, act, of=placed) | {"order": placed["number"]}


def _give_credit(stage: Stage, told: Told, amount: str) -> None:
    account = told.market["account"]
    order = next(one for one in told.place.market.bought if one.way == "monthly")
    attempt, wanted = "没有生效的额度即申请月结", _purse(told, order.key, "monthly")
    buyer, preparer = told.login(order.buyer), told.login("preparer")
    stage.refused(told, attempt, buyer, f"{ACCOUNTS}/payments", wanted, rule="")
    terms = {"amount": amount, "due_days": DUE_DAYS, "basis": "年度框架协议（演示）"}
    proposed = stage.send(preparer, f"{ACCOUNTS}/{account['id']}/limits", terms)
    url = f"{ACCOUNTS}/limits/{proposed['id']}/decision"
    told.market["limit"] = stage.send(told.login("checker"), url, {"act": "confirm"}, of=proposed)


def _purse(told: Told, key: str, purse: str) -> dict[str, str]:
    return {"payment_id": told.market["orders"][key]["payment"]["id"], "purse": purse}


def bring_in_bank_file(stage: Stage, told: Told) -> None:
    """Import the bank's file: one line pays two orders, one is a fen short and waits, one goes into the balance."""
    bought = told.place.market.bought
    if not bought:
        return
    rows = _rows(stage, told)
    if rows:
        preparer = told.login("preparer")
        sent = {"place": told.place.key, "file_name": f"{stage.today}.csv", "content": _file(rows)}
        told.market["bank_file"] = stage.send(preparer, f"{LINES}/files", sent)
        _make_good(stage, told, preparer)
    for one in bought:
        if one.way in ("prepaid", "monthly"):
            stage.send(told.login(one.buyer), f"{ACCOUNTS}/payments", _purse(told, one.key, one.way))
    for one in bought:
        _opened(stage, told, one)
    stage.run_job("payments.take_in")


def _rows(stage: Stage, told: Told) -> list[tuple[str, ...]]:
    market, orders = told.place.market, told.market["orders"]
    rows = []
    together = [orders[one.key]["payment"] for one in market.bought if one.way == "together"]
    if together:
        whole = sum((Decimal(payment["amount"]) for payment in together), Decimal(0))
        remark = " ".join(payment["reference"] for payment in together)
        rows.append(_row(stage, told, "1", whole, market.bought[0].buyer, remark))
    for one in market.bought:
        if one.way == "short":
            payment = orders[one.key]["payment"]
            rows.append(_row(stage, told, "2", Decimal(payment["amount"]) - ONE_FEN, one.buyer, payment["reference"]))
        if one.way == "prepaid" and market.prepaid:
            rows.append(_row(stage, told, "3", Decimal(market.prepaid), one.buyer, told.market["account"]["reference"]))
    return rows


def _row(stage: Stage, told: Told, number: str, amount: Decimal, payer: str, remark: str) -> tuple[str, ...]:
    serial = f"{told.place.key.upper()}-{stage.today:%m%d}-{number}"
    name = told.place.organisation(payer).name
    return serial, f"{stage.today} 08:30:00", f"{amount:.2f}", "", name, remark


def _file(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADING, *rows])
    return base64.b64encode(text.getvalue().encode()).decode()


def _make_good(stage: Stage, told: Told, preparer: str) -> None:
    """Send back the line that was a fen short; the buyer transfers the whole amount."""
    for one in told.place.market.bought:
        if one.way != "short":
            continue
        (line,) = stage.get(preparer, f"{LINES}?state=queued")["items"]
        told.market["queued"] = line
        payment = told.market["orders"][one.key]["payment"]
        attempt = "到账少 0.01 元仍认作付清"
        whole = {"shares": [{"reference": payment["reference"], "amount": payment["amount"]}], "note": "差 0.01 元"}
        stage.refused(told, attempt, preparer, f"{LINES}/{line['id']}/assignment", whole, rule="", of=line)
        back = stage.send(preparer, f"{LINES}/{line['id']}/return", {"note": "金额不足，退回付款人"}, of=line)
        url = f"{LINES}/{line['id']}/return/confirmation"
        stage.send(told.login("payer"), url, {"serial": f"OUT-{line['serial']}"}, of=back)
        again = _row(stage, told, "4", Decimal(payment["amount"]), one.buyer, payment["reference"])
        sent = {"place": told.place.key, "file_name": f"{stage.today}-2.csv", "content": _file([again])}
        stage.send(preparer, f"{LINES}/files", sent)


def _opened(stage: Stage, told: Told, one: Bought) -> None:
    buyer, placed = told.login(one.buyer), told.market["orders"][one.key]
    placed["payment"] = stage.get(buyer, f"/api/v1/payments/{placed['payment']['id']}")
    placed["entitlement"] = entitlement_of(stage, buyer, placed)


def settle_month(stage: Stage, told: Told) -> None:
    """State what the month's account owes; the buyer transfers it, and nothing is left."""
    if not told.place.market.credit:
        return
    stage.run_job("accounts.statements")
    order = next(one for one in told.place.market.bought if one.way == "monthly")
    buyer, url = told.login(order.buyer), f"{ACCOUNTS}/{told.market['account']['id']}"
    (statement,) = stage.get(buyer, url)["statements"]
    row = _row(stage, told, "5", Decimal(statement["amount"]), order.buyer, statement["reference"])
    sent = {"place": told.place.key, "file_name": f"{stage.today}.csv", "content": _file([row])}
    stage.send(told.login("preparer"), f"{LINES}/files", sent)
    stage.run_job("payments.take_in")
    told.market["statement"] = statement
    told.market["account"] = stage.get(buyer, url)
    if told.market["account"]["owed"] != "0.00":
        raise StoryBroken(f"{statement['number']} was paid, and something is owed: {told.market['account']['owed']}")


def register_endpoint(stage: Stage, told: Told) -> None:
    """Let a buyer name where its program wants to be told; it stays unproven, for the story calls nobody outside."""
    endpoint = told.place.market.endpoint
    if endpoint is None:
        return
    buyer, url = told.login("company"), "/api/v1/webhook-endpoints"
    types = stage.get(buyer, "/api/v1/webhook-event-types")["items"]
    stage.refused(told, "把推送地址登记在平台自己的网络里", buyer, url, {"url": OWN_NETWORK}, rule="")
    made = stage.send(buyer, url, {"url": endpoint, "description": "业务系统"})
    told.market["endpoint"] = {**made, "type_count": len(types)}
