"""Chapter 12: accounts are confirmed by two people and wait a day; payouts are prepared, checked and sent by three."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from web.demo.books import PaidOn
from web.demo.chapters.aftersale import REFUNDS
from web.demo.chapters.sale import payment_of
from web.demo.days import MONTH
from web.demo.stage import Stage, StoryBroken, Told

ACCOUNTS = "/api/v1/payee-accounts"
BATCHES = "/api/v1/payout-batches"
RESULT = ("拨付编号", "金额", "结果", "流水号", "原因")
NON_TAX_ITEM = "103070601"  # made up for the demonstration
MISSING = "PAYEE_RULE_MISSING"


def name_accounts(stage: Stage, told: Told) -> None:
    """Let every payee name its account and finance confirm it; nothing is paid to it for a day."""
    books = told.place.books
    if books is None:
        return
    for paid_on in books.accounts:
        _name(stage, told, paid_on)
    wanted = {"place": told.place.key}
    stage.refused(told, "收款账户确认后 24 小时内拨付", told.login("preparer"), BATCHES, wanted, rule="")


def _name(stage: Stage, told: Told, paid_on: PaidOn) -> None:
    is_treasury = paid_on.organisation is None
    key = paid_on.organisation or "finance"
    sent = {
        "place": told.place.key, "kind": "treasury" if is_treasury else "bank", "number": paid_on.number,
        "holder": f"国家金库{told.place.title}市中心支库（示例）" if is_treasury else told.parties[key]["name"],
        "bank": paid_on.bank, "bank_code": paid_on.bank_code, "contact": "示例联系电话", "reason": "首次登记",
    }  # fmt: skip
    sent |= {"item_code": NON_TAX_ITEM} if is_treasury else {"uscc": told.parties[key]["uscc"]}
    by_finance = paid_on.by_finance or is_treasury
    who = told.login("preparer" if by_finance else told.place.person_of(key).key)
    asked = stage.send(who, ACCOUNTS, sent)
    url, word = f"{ACCOUNTS}/{asked['id']}/decision", {"act": "confirm", "reason": "已电话核实"}
    if is_treasury:
        stage.refused(told, "登记收款账户的人自己复核", who, url, word, rule="", of=asked)
    stage.send(told.login("checker"), url, word, of=asked)


def look_at_dues(stage: Stage, told: Told) -> None:
    """Read what can be paid now and what is held back; a public institution without a rule is, and nobody guesses."""
    dues = stage.get(told.login("checker"), f"{BATCHES}/dues?place={told.place.key}")
    told.books["held"] = [found for found in dues["held"] if found["reason"] == MISSING]


def pay(stage: Stage, told: Told) -> None:
    """Prepare, check and send the payouts of the month by three people."""
    if told.place.books is not None:
        told.books["batches"] = _pay(stage, told, shows_refusals=True)


def _pay(stage: Stage, told: Told, *, shows_refusals: bool = False) -> list[dict[str, Any]]:
    preparer, checker, payer = (told.login(key) for key in ("preparer", "checker", "payer"))
    sent: list[dict[str, Any]] = []
    for batch in stage.send(preparer, BATCHES, {"place": told.place.key})["items"]:
        url = f"{BATCHES}/{batch['number']}"
        if shows_refusals and not sent:
            stage.refused(told, "编制人复核自己的拨付批次", preparer, f"{url}/check", rule="", of=batch)
        checked = stage.send(checker, f"{url}/check", of=batch)
        if shows_refusals and not sent:
            stage.refused(told, "编制人自己付款", preparer, f"{url}/send", rule="", of=checked)
            stage.refused(told, "复核人自己付款", checker, f"{url}/send", rule="", of=checked)
        sent.append(stage.send(payer, f"{url}/send", of=checked))
    return sent


def hear_from_bank(stage: Stage, told: Told) -> None:
    """Take the bank's answers: all arrived but one, which came back; that one is prepared, checked and sent again."""
    books = told.place.books
    if books is None:
        return
    back = told.party_id(books.returned)
    told.books["payouts"] = _answered(stage, told, told.books["batches"], {back: books.returned_because})
    told.books["again"] = _pay(stage, told)


def hear_again(stage: Stage, told: Told) -> None:
    """Take the bank's answer about the payout that was sent again."""
    if told.place.books is not None:
        told.books["payouts"] += _answered(stage, told, told.books["again"], {})


def _answered(
    stage: Stage, told: Told, batches: list[dict[str, Any]], returned: Mapping[str, str]
) -> list[dict[str, Any]]:
    preparer, found = told.login("preparer"), []
    for batch in batches:
        url = f"{BATCHES}/{batch['number']}"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(RESULT)
        for payout in stage.get(preparer, f"{url}/payouts")["items"]:
            why = returned.get(payout["party_id"], "")
            line = (payout["number"], payout["amount"], "退回" if why else "成功", "" if why else line_of(payout), why)
            if Decimal(payout["amount"]):
                writer.writerow(line)
        content = base64.b64encode(text.getvalue().encode()).decode()
        if stage.send(preparer, f"{url}/results", {"content": content}, of=batch)["state"] != "done":
            raise StoryBroken(f"{batch['number']} was answered and is not done")
        found += stage.get(preparer, f"{url}/payouts")["items"]
    return found


def line_of(payout: Mapping[str, Any]) -> str:
    """Return the serial number under which the bank debited a payout."""
    return f"BANK-{payout['number']}"


def give_back(stage: Stage, told: Told) -> None:
    """Give back more of an order than is unearned: what the parties were paid of it they owe, the treasury too."""
    books = told.place.books
    if books is None:
        return
    key, amount, reason = books.given_back
    purchase = next(one for one in told.place.purchases if one.key == key)
    payment = payment_of(stage, told.login(purchase.buyer), told.orders[key])
    asked = {
        "payment_id": payment["id"], "amount": amount, "reason": reason, "client_reference": f"{purchase.reference}-R",
    }  # fmt: skip
    made = stage.send(told.login(purchase.buyer), REFUNDS, asked)
    url = f"{REFUNDS}/{made['id']}"
    approved = stage.send(told.login("checker"), f"{url}/decision", {"act": "approve", "reason": "核实，同意"}, of=made)
    sent = {"bank_line": f"OUT-{made['number']}", "paid_at": stage.moment.isoformat()}
    stage.send(told.login("payer"), f"{url}/transfer", sent, of=approved)
    stage.run_job("payments.take_in")
    told.books["clawbacks"] = stage.get(told.login("checker"), f"/api/v1/clawbacks?place={told.place.key}")["items"]


def pay_next_month(stage: Stage, told: Told) -> None:
    """Pay the next month: what a party owes is taken off by the rules of the place, never from the treasury."""
    if told.place.books is None:
        return
    told.books["next_batches"] = _pay(stage, told)


def hear_of_next_month(stage: Stage, told: Told) -> None:
    """Take the bank's answers about the next month."""
    if told.place.books is not None:
        told.books["next_payouts"] = _answered(stage, told, told.books["next_batches"], {})
        if told.run["period_start"][:7] != MONTH:
            raise StoryBroken("the settlement of the story is the month's")
