"""Chapter 9: what happens about prices after the month: charges, misuse, complaint, renewal, headroom, assessment."""

from __future__ import annotations

from typing import Any

from web.demo.chapters.determining import DETERMINATIONS, SURVEYS, YEAR, application
from web.demo.days import HEARING_UNTIL, PRICES_FROM
from web.demo.papers import paper
from web.demo.stage import Stage, StoryBroken, Told
from web.demo.watch import Complained, Misused, PlatformCharges

MISUSES = "/api/v1/misuses"
COMPLAINTS = "/api/v1/complaints"


def record_charges(stage: Stage, told: Told) -> None:
    """Let the data authority record what the platform charged the operator, each with its bill (CST-01)."""
    facts = told.place.watch.charges
    if facts is None:
        return
    for kind, amount in facts.amounts:
        charge = {
            "agreement_id": told.agreement["id"],
            "month": facts.month,
            "kind": kind,
            "amount": amount,
            "payee_id": told.party_id(facts.payee),
            "evidence": paper(f"{facts.month}账单{kind}", f"{facts.month} {kind} {amount} 元（演示）"),
        }
        stage.send(told.login("supervisor"), "/api/v1/charges", charge)
    sums = f"/api/v1/charges/sums?agreement_id={told.agreement['id']}&month={facts.month}"
    told.charges = {"month": facts.month, **stage.get(told.login("operator"), sums)}


def draw_charges(stage: Stage, told: Told) -> None:
    """Let the operator open the survey of the running year and draw the platform's charges into it, each once."""
    facts = told.place.watch.charges
    if facts is None:
        return
    operator = told.login("operator")
    survey = stage.send(operator, SURVEYS, _survey(told, facts))
    url, key = f"{SURVEYS}/{survey['id']}/charges", {"key": "调用量"}
    drawn = stage.send(operator, url, key, of=survey)
    again = stage.send(operator, url, key, of=drawn["survey"])
    if len(drawn["added"]) != len(facts.amounts) or again["added"]:
        raise StoryBroken(f"charges of {told.place.key} were drawn otherwise than once: {drawn['added']}")
    told.charges["survey"] = again["survey"]


def _survey(told: Told, facts: PlatformCharges) -> dict[str, Any]:
    industry, public = facts.share
    calls = {"name": "调用量", "driver": "调用次数", "industry_units": industry, "public_units": public}
    staff = {"category": "human_resources", "text": "运营人员", "amount": facts.staff, "key": "调用量"}
    return {
        "agreement_id": told.agreement["id"], "year": YEAR, "subsidy": "0.00", "keys": [calls], "lines": [staff],
    }  # fmt: skip


def find_misuse(stage: Stage, told: Told) -> None:
    """Let the auditor record that a free use was industry on some days; nobody decides before the grantee is heard."""
    facts = told.place.watch.misused
    if facts is None:
        return
    found = stage.send(told.login("auditor"), MISUSES, _misuse(told, facts))
    attempt, reason = "未听取使用单位陈述即认定改作他用", {"reason": "证据充分"}
    url = f"{MISUSES}/{found['id']}/confirmation"
    stage.refused(told, attempt, told.login("supervisor"), url, reason, rule="PUB-02", of=found)
    told.misuse = found


def _misuse(told: Told, facts: Misused) -> dict[str, Any]:
    return {
        "exemption_id": told.exemptions[facts.purchase]["id"],
        "from_date": facts.first.isoformat(),
        "until_date": facts.last.isoformat(),
        "actual_purpose": "industry_development",
        "reason": facts.found,
        "evidence": paper("核查记录", f"{facts.found}（演示）"),
        "hearing_until": HEARING_UNTIL.isoformat(),
    }


def hear_grantee(stage: Stage, told: Told) -> None:
    """Let the grantee say what it has to say."""
    facts = told.place.watch.misused
    if facts is not None:
        grantee = told.login(_buyer(told, facts.purchase))
        url = f"{MISUSES}/{told.misuse['id']}/statements"
        told.misuse = stage.send(grantee, url, {"text": facts.stated}, of=told.misuse)


def reprice_misuse(stage: Stage, told: Told) -> None:
    """Confirm: exactly the days concerned are claimed by the prices of those days; the grantee pays."""
    facts = told.place.watch.misused
    if facts is None:
        return
    url, reason = f"{MISUSES}/{told.misuse['id']}", {"reason": "属产业用途，按当日收费标准补收"}
    confirmed = stage.send(told.login("supervisor"), f"{url}/confirmation", reason, of=told.misuse)
    paid = {"reference": f"BANK-{confirmed['number']}", "amount": confirmed["amount"]}
    settled = stage.send(
        told.login("preparer"), f"{url}/settlement", {**paid, "paid_on": stage.today.isoformat()}, of=confirmed
    )
    told.misuse = {**confirmed, **settled}


def complain(stage: Stage, told: Told) -> None:
    """Let a buyer complain about a fee; it follows the complaint by the reference that it was given."""
    facts = told.place.watch.complained
    if facts is None:
        return
    receipt = stage.send(told.login(facts.organisation), COMPLAINTS, _complaint(told, facts))
    supervisor = told.login("supervisor")
    (filed,) = stage.get(supervisor, f"{COMPLAINTS}?place={told.place.key}")["items"]
    taken_up = stage.send(supervisor, f"{COMPLAINTS}/{filed['id']}/acceptance", of=filed)
    decision = {"outcome": "keep", "reason": facts.reason}
    url = f"{COMPLAINTS}/{filed['id']}/decision"
    stage.refused(told, "未经核查即对收费投诉作出决定", supervisor, url, decision, rule="PRC-11", of=taken_up)
    told.complaint = {**taken_up, "reference": receipt["reference"]}


def _complaint(told: Told, facts: Complained) -> dict[str, Any]:
    product = told.products[facts.product]
    tariff = next(found for found in told.tariffs if found["product_id"] == product["id"])
    return {
        "product_code": product["code"],
        "tariff_number": tariff["number"],
        "ground": "too_high",
        "words": facts.words,
        "name": told.place.organisation(facts.organisation).name,
        "contact": "示例联系电话",
    }


def decide_complaint(stage: Stage, told: Told) -> None:
    """Review the fee against its cap, decide with the reason, close; its author reads the outcome."""
    facts = told.place.watch.complained
    if facts is None:
        return
    supervisor, found = told.login("supervisor"), told.complaint
    reference, url = found["reference"], f"{COMPLAINTS}/{found['id']}"
    found = stage.send(supervisor, f"{url}/review", {"findings": facts.findings}, of=found)
    decision = {"outcome": "keep", "reason": facts.reason}
    found = stage.send(told.login("price"), f"{url}/decision", decision, of=found)
    found = stage.send(supervisor, f"{url}/closing", {}, of=found)
    told.complaint = {**found, "seen": stage.get(None, f"{COMPLAINTS}/followed/{reference}")}


def renew_exemption(stage: Stage, told: Told) -> None:
    """Let a public body ask that its free use go on after its term; it is decided anew (PUB-02)."""
    facts = told.place.watch.renewed
    if facts is None:
        return
    purchase = next(found for found in told.place.purchases if found.key == facts.purchase)
    wish: dict[str, Any] = {"reason": facts.reason, "valid_until": facts.until.isoformat(), "quota": purchase.quantity}
    wish["evidence"] = paper("公益用途证明材料", f"{facts.reason}（演示）")
    url = f"/api/v1/exemptions/{told.exemptions[facts.purchase]['id']}/renewal"
    asked = stage.send(told.login(purchase.buyer), url, wish)
    approval = f"/api/v1/exemptions/{asked['id']}/approval"
    told.renewal = stage.send(told.login("supervisor"), approval, of=asked)


def apply_too_early(stage: Stage, told: Told) -> None:
    """Show that without a complete year there is no basis for a determination: the trial fee goes on (PRC-06)."""
    reference = told.place.watch.early_application
    if reference is None:
        return
    asked = application(told, PRICES_FROM.isoformat(), reference)
    found = stage.send(told.login("supervisor"), DETERMINATIONS, asked)
    url, price = f"{DETERMINATIONS}/{found['id']}/readiness", told.login("price")
    ready = {"is_ready": True, "note": "已运营半年"}
    stage.refused(told, "未满完整年度即认定具备定价基础", price, url, ready, rule="PRC-06", of=found)
    refused = {"is_ready": False, "note": "首个完整年度结束后再申请，此前执行试行收费标准"}
    told.early = stage.send(price, url, refused, of=found)


def read_headroom(stage: Stage, told: Told) -> None:
    """Let the daily job compare what was earned with what is permitted; a year that is not over is not assessed."""
    if not told.ceiling:
        return
    stage.run_job("headroom.read")  # once a day for all places, whoever comes first
    price, agreement_id = told.login("price"), told.agreement["id"]
    told.headroom = stage.get(price, f"/api/v1/headroom/{agreement_id}")
    told.headroom["alarms"] = stage.get(price, "/api/v1/headroom/alarms")["alarms"]
    assessment = {"agreement_id": agreement_id, "year": YEAR}
    stage.refused(told, "年度未结束即作年度评估", price, "/api/v1/assessments", assessment, rule="PRC-08")


def _buyer(told: Told, purchase: str) -> str:
    return next(found.buyer for found in told.place.purchases if found.key == purchase)
