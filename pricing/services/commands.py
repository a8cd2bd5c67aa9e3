"""Setting the operator's fees for services to merchants."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Invalid
from kernel.identity import Actor, Permission
from kernel.money import UnitPrice
from kernel.policy import PolicyBook
from pricing.costs.rules import ChargeUnit, cited_dict
from pricing.policy import PricingPolicy
from pricing.services.model import ServiceFee
from pricing.services.rules import MerchantService, must_break_even
from registry.agreements import queries as agreements

BREAK_EVEN = "break_even_small_margin"


class ServiceFeeUnusable(Invalid):
    """The place knows no such fee, or it cannot begin on that day."""

    code = "service_fee.unusable"


def set_service_fee(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    service: MerchantService,
    charge_unit: ChargeUnit,
    unit_cost: UnitPrice,
    cost_basis: str,
    price: UnitPrice,
    effective_from: date,
    now: datetime,
    book: PolicyBook,
) -> ServiceFee:
    """Set and publish the operator's fee for a service to data merchants (保本微利), from a day on.

    ``unit_cost`` and ``price`` are yuan per unit; ``cost_basis`` says how the cost was found.

    Raises:
        NotAllowed: the actor does not act for the operating institution.
        ServiceFeeUnusable: the place knows no such fee, the day is past, or a fee begins on it already.
        PolicyGap: the margin of break-even pricing is not configured there.
        FeeAboveBreakEven: the fee leaves more than that margin.

    Source:
        PRC-10, CST-05; 广州市公共数据授权运营管理暂行办法.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.PRICE_SET, org_id=agreement.operating_institution_id, place=agreement.place)
    today = business_date(now)
    policy = PricingPolicy.at(book, agreement.place, max(today, effective_from))
    principle, services = policy.require("service_fee_principle"), policy.cost_merchant_charged_services
    if principle.value != BREAK_EVEN or services is None or service not in services.items():
        raise _unusable("/service", f"当地没有就“{service}”按保本微利收费的规定，运营服务费按政府指导价管理")
    margin = policy.require("service_fee_margin_max")
    must_break_even(price, unit_cost, margin.decimal(), margin.citation())
    if effective_from < today:
        raise _unusable("/effective_from", f"生效日 {effective_from} 早于今日 {today}；收费前须先公示")
    fee = ServiceFee(
        number=numbering.number(session, "FEE", today),
        place=agreement.place,
        agreement_id=agreement.id,
        operating_institution_id=agreement.operating_institution_id,
        service=service,
        charge_unit=charge_unit,
        unit_cost=unit_cost,
        cost_basis=cost_basis,
        margin_max=margin.decimal(),
        price=price,
        effective_from=effective_from,
        published_at=now,
        set_by=actor.id,
        sources=[cited_dict(cited) for cited in (principle, services, margin)],
    )
    return _added(session, actor, fee, now)


def _added(session: Session, actor: Actor, fee: ServiceFee, now: datetime) -> ServiceFee:
    same = sa.select(ServiceFee.number).where(
        ServiceFee.agreement_id == fee.agreement_id,
        ServiceFee.service == fee.service,
        ServiceFee.charge_unit == fee.charge_unit,
        ServiceFee.effective_from == fee.effective_from,
    )
    taken = session.scalar(same)
    if taken is not None:
        raise _unusable("/effective_from", f"自 {fee.effective_from} 起已有服务费 {taken}，不得改写，请另定生效日")
    session.add(fee)
    session.flush()
    audit.record(session, actor, "service_fee.set", fee, at=now, note=fee.number, detail={"price": fee.price.text()})
    return fee


def _unusable(pointer: str, words: str) -> ServiceFeeUnusable:
    return ServiceFeeUnusable(
        f"{words}。",
        rule="PRC-10",
        errors=[{"pointer": pointer, "code": ServiceFeeUnusable.code, "message": words}],
    )
