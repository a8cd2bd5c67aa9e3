"""Chapter 8: who shares in what is agreed and signed; the month is settled, checked by another person and sealed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kernel.money import PERCENT, ZERO, Money, decimal_text
from kernel.policy import PolicyBook
from registry.parties.rules import PartyKind
from web.demo.cast import ScheduleFact
from web.demo.days import FIRST_MONTH, MONTH, NEXT_MONTH, PRICES_FROM
from web.demo.stage import Stage, Told

SCHEDULES = "/api/v1/schedules"
RUNS = "/api/v1/settlements"
THIRD = "sealer"
PAYEE_KINDS = (PartyKind.ADMINISTRATIVE_UNIT, PartyKind.PUBLIC_INSTITUTION, PartyKind.ENTERPRISE)
HELD = "REV-05 PAYEE_RULE_MISSING：本级财政部门的办法未配置"
SIGN_FOR_THEMSELVES = ("operator", "merchant", "platform", "venue", "agency")


def agree_on_shares(stage: Stage, told: Told) -> None:
    """Draw up the share schedule of every product; every party named in it signs (REV-01)."""
    for fact in told.place.schedules:
        drafted = stage.send(
            told.login("preparer"),
            SCHEDULES,
            {
                "agreement_number": told.agreement["number"],
                "product_code": told.products[fact.product]["code"],
                "valid_from": PRICES_FROM.isoformat(),
                "steps": _steps(told, fact),
            },
        )
        for uscc in drafted["parties"]:
            url = f"{SCHEDULES}/{drafted['number']}/signatures"
            drafted = stage.send(told.login(_signer(told, uscc)), url, {"party_uscc": uscc}, of=drafted)


def _steps(told: Told, fact: ScheduleFact) -> list[dict[str, Any]]:
    steps = []
    for step in fact.steps:
        written = dict(step)
        if "party" in written:
            written["party"] = told.parties[str(written["party"])]["uscc"]
        if written.pop("weights", None) == "by_contribution":
            written["contributors"] = dict(fact.coefficients)
        steps.append(written)
    return steps


def _signer(told: Told, uscc: str) -> str:
    """Return who signs for an organisation: its own person; for the authority its supervisor."""
    key = next(key for key, party in told.parties.items() if party["uscc"] == uscc)
    return told.place.person_of(key).key if key in SIGN_FOR_THEMSELVES else "supervisor"


def settle_first_month(stage: Stage, told: Told) -> None:
    """Settle the first month with entries: nothing was used yet, but months are settled one after the other."""
    run = _prepare(stage, told, FIRST_MONTH)
    told.runs[FIRST_MONTH] = _check_and_seal(stage, told, run)


def prepare(stage: Stage, told: Told) -> None:
    """Prepare the settlement of the month; who prepared it may not check it."""
    told.run = _prepare(stage, told, MONTH)


def _prepare(stage: Stage, told: Told, month: str) -> dict[str, Any]:
    run: dict[str, Any] = stage.send(told.login("preparer"), RUNS, {"place": told.place.key, "period": month})
    return run


def check_and_seal(stage: Stage, told: Told) -> None:
    """Check and seal the settlement by other people than who prepared it; read what everybody receives."""
    url = f"{RUNS}/{told.run['number']}/check"
    stage.refused(told, "编制人复核自己的结算", told.login("preparer"), url, rule="", of=told.run)
    told.run = told.runs[MONTH] = _check_and_seal(stage, told, told.run)
    told.shares = shares_of(told, _payee_citations(stage, told))
    told.statements = stage.get(told.login("auditor"), "/api/v1/statements")["items"]


def _check_and_seal(stage: Stage, told: Told, run: dict[str, Any]) -> dict[str, Any]:
    """Check by one person and seal by another, where finance has a third."""
    url = f"{RUNS}/{run['number']}"
    checked = stage.send(told.login("checker"), f"{url}/check", of=run)
    has_third = any(person.key == THIRD for person in told.place.people)
    sealed: dict[str, Any] = stage.send(told.login(THIRD if has_third else "checker"), f"{url}/seal", of=checked)
    return sealed


def prepare_next(stage: Stage, told: Told) -> None:
    """Prepare the month after, where the story goes on: it takes what came too late for this one."""
    if told.place.books is not None:
        told.runs[NEXT_MONTH] = _prepare(stage, told, NEXT_MONTH)


def seal_next(stage: Stage, told: Told) -> None:
    """Check and seal the month after."""
    if told.place.books is not None:
        told.runs[NEXT_MONTH] = _check_and_seal(stage, told, told.runs[NEXT_MONTH])


def _payee_citations(stage: Stage, told: Told) -> dict[str, str]:
    """Return act and article behind each payee, by the kind of organisation; none where the texts are silent."""
    book: PolicyBook = stage.app.extensions["huiyi_policies"]
    found = {kind.value: book.get(told.place.key, f"settlement.payee.{kind}", on=stage.today) for kind in PAYEE_KINDS}
    return {kind: f"REV-05 {cited.citation()}" if cited else HELD for kind, cited in found.items()}


def shares_of(told: Told, citations: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the shares of the sealed settlement: one row for each product, step and party, with payee and rule."""
    parties = {party["uscc"]: party for party in told.parties.values()}
    rows: dict[tuple[str, int, str], dict[str, Any]] = {}
    for group in told.run["report"]["groups"]:
        for _entitlement, step, uscc, amount, payee, _reason in group["shares"]:
            weight = group["weights"].get(str(step), {}).get(uscc)
            found = rows.setdefault(
                (group["product"], step, uscc),
                {
                    "name": parties[uscc]["name"],
                    "kind": parties[uscc]["kind"],
                    "product": group["title"],
                    "step": _words(group["schedule_steps"][step - 1], weight),
                    "payee": payee,
                    "rule": f"{'REV-04' if weight else 'REV-01'}；{citations[parties[uscc]['kind']]}",
                    "amount": ZERO,
                },
            )
            found["amount"] += Money.yuan(amount)
    return [row | {"amount": row["amount"].text()} for _, row in sorted(rows.items())]


def _words(step: dict[str, Any], weight: str | None) -> str:
    """Return a step of the schedule in words."""
    kind, value = step["kind"], step.get("value", "")
    if kind == "recover":
        return f"成本回收 {value} 元"
    if kind == "rest":
        return "其余"
    base = {"gross": "实收", "left": "余额"}.get(step.get("base", ""), "税后")
    portion = f"{base}的 {decimal_text(Fraction(value) * PERCENT)}%"
    return portion if weight is None else f"{portion}，贡献 {_percent(weight)}%"


def _percent(weight: str) -> str:
    """Return an exact weight as per cent with two decimals."""
    return f"{Decimal(weight) * PERCENT:.2f}"
