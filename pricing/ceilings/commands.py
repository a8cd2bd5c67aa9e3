"""Determining what may be earned, and the caps within it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import Period, business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.policy import Cited, PolicyBook
from pricing.ceilings import queries
from pricing.ceilings.model import ALL_KINDS, Ceiling, FeeCap
from pricing.ceilings.rules import CAP_ARTICLE, check_caps, loads, revenue_tree
from pricing.costs import queries as costs
from pricing.costs.rules import ChargeUnit
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.products import queries as products

REPORTED_TO = ("price_authority", "data_authority")


class ProposalOutdated(Conflict):
    """What was proposed would come out differently today."""

    code = "ceiling.proposal_outdated"


class CeilingSuperseded(Conflict):
    """A newer determination for the same year counts."""

    code = "ceiling.superseded"


class CapUnusable(Invalid):
    """A cap that cannot be set: wrong product, unit, day, or set already."""

    code = "cap.unusable"


class ReportMissing(Invalid):
    """The written report comes before the cap takes effect."""

    code = "cap.report_missing"


def determine_confirmed(
    session: Session,
    actor: Actor,
    *,
    survey_id: UUID,
    proposed: Mapping[str, Any],
    decision: Mapping[str, Any],
    year: int,
    margin: Decimal,
    tax_lines: Sequence[Mapping[str, Any]],
    now: datetime,
    book: PolicyBook,
    **given: Any,
) -> Ceiling:
    """Determine a ceiling that one person proposed and the actor confirms (价格主管部门会同数据管理部门).

    Args:
        session: the open transaction.
        actor: the second person; who that may be is decided by the procedure.
        survey_id: the accepted cost survey.
        proposed: the inputs of the proposal that was read; what is determined is exactly that.
        decision: what the row keeps about the procedure: its number, who proposed, who confirmed, jointly with whom.
        year: accounting year for which the ceiling counts.
        margin: what is added to the treasury yield, a fraction.
        tax_lines: label, basis and amount (yuan) of each tax.
        now: the present moment.
        book: the rules in force.
        given: what is not always needed, see :func:`pricing.ceilings.queries.prepared`.

    Raises:
        NotAllowed: the actor confirms nothing at that place.
        ProposalOutdated: survey or rules say something else by now.
        RateAboveCap: the margin is larger than the rules admit.
        PolicyGap: nobody names the yield, or a limit is not configured.

    Source:
        发改价格〔2025〕65号 二: 由发展改革部门会同数据管理部门核定.
    """
    survey = costs.locked(session, survey_id)
    actor.must(Permission.CEILING_CONFIRM, place=survey.place)
    ceiling = queries.prepared(survey, year, margin, tax_lines, now=now, book=book, **given)
    if ceiling.inputs != proposed:
        raise ProposalOutdated(
            f"拟定 {year} 年最高准许收入所依据的成本或规定已有变化，不能照原拟定核定；请退回后重新拟定。",
            detail_en="Survey or rules have changed since the proposal; propose again.",
            rule="PRC-03",
            article=CAP_ARTICLE,
        )
    return _enact(session, actor, ceiling, decision, now)


def _enact(session: Session, actor: Actor, ceiling: Ceiling, decision: Mapping[str, Any], now: datetime) -> Ceiling:
    earlier = queries.latest(session, ceiling.agreement_id, ceiling.year)
    ceiling.number = numbering.number(session, "CEIL", business_date(now))
    tree = revenue_tree(ceiling.number, ceiling.year, ceiling.inputs, ceiling.sources)
    own = {name: value for name, value in ceiling.inputs.items() if name != "cost_tree"}  # the tree holds it
    ceiling.inputs = {**own, **decision, "explanation": tree}
    assert actor.id is not None
    ceiling.determined_by, ceiling.determined_at = actor.id, now
    ceiling.supersedes_id = earlier.id if earlier else None
    session.add(ceiling)
    session.flush()
    detail = {"max_permitted_revenue": ceiling.max_permitted_revenue.text(), "survey": ceiling.inputs["survey"]}
    audit.record(session, actor, "ceiling.determine", ceiling, at=now, note=ceiling.number, detail=detail)
    return ceiling


def set_caps(
    session: Session,
    actor: Actor,
    *,
    ceiling_id: UUID,
    caps: Sequence[Mapping[str, Any]],
    effective_from: date,
    report_number: str,
    report_date: date,
    reported_to: Sequence[str] = REPORTED_TO,
    now: datetime,
    book: PolicyBook,
) -> list[FeeCap]:
    """Set caps (上限收费标准) within a ceiling, from a day on, after reporting them in writing.

    Each of ``caps`` names product_id, charge_unit, amount (yuan per unit), forecast_volume (units in the year) and,
    for one kind of subject only, subject_kind. The first day lies in the year of the ceiling and not before today.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        CeilingSuperseded: a newer determination counts.
        ReportMissing: the report was not made in time, or not to both departments.
        CapUnusable: wrong product, unit or day, or set already.
        CapsAboveRevenue: all caps together, at the forecast volumes, exceed the ceiling.

    Source:
        发改价格〔2025〕65号 二, 三（二）.
    """
    ceiling = queries.locked(session, ceiling_id)
    agreement = agreements.get(session, ceiling.agreement_id)
    actor.must(Permission.CAP_SET, org_id=agreement.authorizing_entity_id, place=ceiling.place)
    _must_be_newest(session, ceiling)
    products.lock(session, (cap["product_id"] for cap in caps))  # an order is placed before the new cap, or under it
    today = business_date(now)
    policy = PricingPolicy.at(book, ceiling.place, today)
    _must_begin_in_time(ceiling, effective_from, today)
    _must_be_reported(policy, report_date, reported_to, min(today, effective_from))
    common = {
        "place": ceiling.place, "ceiling_id": ceiling.id, "effective_from": effective_from,
        "report_number": report_number, "report_date": report_date, "reported_to": list(reported_to),
        "reported_at": now, "set_by": actor.id, "set_at": now,
    }  # fmt: skip
    made = [FeeCap(**_cap_columns(cap), **common) for cap in caps]
    existing = queries.caps_of_agreement(session, ceiling.agreement_id)
    for index, cap in enumerate(made):
        _must_be_settable(session, index, cap, ceiling, policy.require("charge_units"), [*existing, *made[:index]])
    _must_fit(session, ceiling, existing, made)
    session.add_all(made)
    session.flush()
    detail = {"report": report_number, "caps": [[str(cap.product_id), cap.amount.text()] for cap in made]}
    audit.record(session, actor, "cap.set", ceiling, at=now, note=ceiling.number, detail=detail)
    return made


def _cap_columns(cap: Mapping[str, Any]) -> dict[str, Any]:
    kind = cap.get("subject_kind")
    wanted = ("product_id", "charge_unit", "amount", "forecast_volume")
    return {**{name: cap[name] for name in wanted}, "subject_kind": kind, "scope": kind or ALL_KINDS}


def _must_begin_in_time(ceiling: Ceiling, effective_from: date, today: date) -> None:
    if effective_from < today or effective_from.year != ceiling.year:
        words = f"生效日 {effective_from} 应不早于今日（{today}），且在 {ceiling.year} 年内"
        raise _unusable("/effective_from", words)


def _must_be_newest(session: Session, ceiling: Ceiling) -> None:
    newest = queries.latest(session, ceiling.agreement_id, ceiling.year)
    if newest is not None and newest.id != ceiling.id:
        raise CeilingSuperseded(
            f"{ceiling.number} 已由 {newest.number} 取代，请在 {newest.number} 之下制定上限收费标准。", rule="PRC-03"
        )


def _must_be_reported(policy: PricingPolicy, report_date: date, reported_to: Sequence[str], latest: date) -> None:
    if not policy.says("caps_report_required"):
        return
    missing = [capacity for capacity in REPORTED_TO if capacity not in reported_to]
    if missing or report_date > latest:
        raise ReportMissing(
            "上限收费标准须先书面报告发展改革部门和数据管理部门，再行生效；请补记报告日期（不晚于生效日和今日）和两个报告对象。",
            rule="PRC-03",
            article=CAP_ARTICLE,
            errors=[{"pointer": "/report_date", "code": ReportMissing.code, "message": f"最迟 {latest}"}],
        )


def _must_be_settable(
    session: Session, index: int, cap: FeeCap, ceiling: Ceiling, units: Cited, others: Iterable[FeeCap]
) -> None:
    product = products.get(session, cap.product_id)
    agreement = agreements.get(session, ceiling.agreement_id)
    if product.agreement_id != ceiling.agreement_id or product.owner_id != agreement.operating_institution_id:
        words = f"{product.code} 不是协议 {agreement.number} 的运营机构提供的产品，不适用本上限"
        raise _unusable(f"/caps/{index}/product_id", words)
    if cap.charge_unit not in units.items():
        raise _unusable(f"/caps/{index}/charge_unit", f"计费方式应当取自 {units.value}（{units.citation()}）")
    if not cap.amount.units:
        raise _unusable(f"/caps/{index}/amount", "上限应当大于零；免费提供的产品无须制定上限")
    if any(_key(other) == _key(cap) and other.effective_from == cap.effective_from for other in others):
        words = f"{product.code} 自 {cap.effective_from} 起的上限已经制定，不得改写；请另定生效日"
        raise _unusable(f"/caps/{index}/product_id", words)


def _must_fit(session: Session, ceiling: Ceiling, existing: Sequence[FeeCap], made: Sequence[FeeCap]) -> None:
    """Check the sum of all caps in effect, from the first day of the new ones on and on every later change.

    A cap goes on when the year ends, so it must fit in the ceilings of later years too, where they are determined.
    """
    if not made:
        return
    caps = [cap.dated() for cap in [*existing, *made]]
    for counting in queries.counting_from(session, ceiling.agreement_id, ceiling.year):
        start = max(made[0].effective_from, Period.year(counting.year).start)
        for load in loads(caps, counting.max_permitted_revenue, start=start, year=counting.year):
            check_caps([cap.forecast for cap in load.caps], counting.max_permitted_revenue)


def _key(cap: FeeCap) -> tuple[UUID, ChargeUnit, str]:
    return cap.product_id, cap.charge_unit, cap.scope


def _unusable(pointer: str, words: str) -> CapUnusable:
    return CapUnusable(
        f"{words}。",
        rule="PRC-04",
        article=CAP_ARTICLE,
        errors=[{"pointer": pointer, "code": CapUnusable.code, "message": words}],
    )
