"""Accepted cost surveys, and the price officers who accept them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor, Role
from kernel.money import Money
from pricing.costs import commands as costs
from pricing.costs.model import CostSurvey
from pricing.costs.rules import CostCategory
from registry.agreements.model import Agreement
from tests.make import registry_base as base

NOW = base.NOW
TODAY = business_date(NOW)
YEAR = TODAY.year


def price_officer(place: str = base.PLACE) -> Actor:
    """A person of the price authority of a place."""
    return base.actor(Role.PRICE, place=place)


def cost(amount: str, share: str = "1", category: CostCategory = CostCategory.PLATFORM_BUILD_OM) -> dict[str, Any]:
    """One line of a survey; what is shared is shared by calls."""
    return {
        "category": category,
        "text": "平台建设和运维",
        "amount": Money.yuan(amount),
        "industry_share": Decimal(share),
        "allocation_key": "" if share == "1" else "调用量",
    }


def make_survey(
    session: Session,
    agreement: Agreement,
    *,
    lines: Sequence[Mapping[str, Any]] | None = None,
    subsidy: str = "800000.00",
    accepted: bool = True,
    now: datetime = NOW,
) -> CostSurvey:
    """File a cost survey (ten million, 80 % for industry, as in PRC-02) and let it be accepted."""
    operator = base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)
    survey = costs.open_survey(
        session, operator, agreement_id=agreement.id, year=business_date(now).year - 1, subsidy=Money.yuan(subsidy),
        lines=lines or [cost("10000000.00", "0.8")], now=now, book=base.book(),
    )  # fmt: skip
    costs.submit(session, operator, survey.id, now=now)
    if accepted:
        costs.accept(session, price_officer(agreement.place), survey.id, now=now)
    return survey
