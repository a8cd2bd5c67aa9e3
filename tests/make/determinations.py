"""A determination of a permitted revenue, walked through its real commands from the application to the caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor, Role
from kernel.money import ZERO, Money
from pricing.cap_plans import commands as plans
from pricing.cap_plans.model import CapPlan
from pricing.costs.model import CostSurvey
from pricing.determinations import commands as determinations
from pricing.determinations import queries
from pricing.determinations.model import Determination, Proposal
from registry.agreements.model import Agreement
from tests.make import registry_base as base
from tests.make import surveys as make

FIRST_SALE = date(2024, 3, 1)  # 2025 is the first complete year
_serial = count(1)
BOTH = ("price_authority", "data_authority")
TAX = [{"label": "增值税", "basis": "（成本+利润）×6%", "amount": Money.yuan("467424.00")}]


@dataclass
class Offices:
    """Who takes part: the authorizing entity, two price officers, the data department, and the operator."""

    agreement: Agreement
    entity: Actor = field(init=False)
    officer: Actor = field(init=False)
    second: Actor = field(init=False)
    data_department: Actor = field(init=False)
    operator: Actor = field(init=False)

    def __post_init__(self) -> None:
        """Let one person stand for each."""
        place, of = self.agreement.place, self.agreement
        self.entity = base.actor(Role.SUPERVISOR, org_id=of.authorizing_entity_id, place=place)
        self.officer, self.second = make.price_officer(place), make.price_officer(place)
        self.data_department = base.supervisor(place)
        self.operator = base.actor(Role.OPERATOR, org_id=of.operating_institution_id, place=place)


def apply(
    session: Session, offices: Offices, *, year: int = make.YEAR, first_sale: date = FIRST_SALE,
    now: datetime = make.NOW,
) -> Determination:  # fmt: skip
    """File the written application."""
    return determinations.apply(
        session, offices.entity, agreement_id=offices.agreement.id, year=year, first_sale_date=first_sale,
        reference="数据〔2026〕定价1号", statement="已满一个完整年度，申请核定最高准许收入。", now=now,
    )  # fmt: skip


def propose(
    session: Session,
    offices: Offices,
    found: Determination,
    *,
    survey: CostSurvey | None = None,
    due: tuple[Money, str] | None = (ZERO, ""),
    now: datetime = make.NOW,
    **changed: Any,
) -> Proposal:
    """Propose the revenue of PRC-02: 8 257 824.00."""
    survey = survey or make.make_survey(session, offices.agreement, now=now)
    terms: dict[str, Any] = {
        "margin": Decimal("0.06"), "tax_lines": TAX, "jointly_with": "数据局", "authority_level": "prefecture",
        "delegation": "省政府授权〔2025〕1号", **changed,
    }  # fmt: skip
    return determinations.propose(
        session, offices.officer, found.id, survey_id=survey.id, due=due, now=now, book=base.book(demonstration=True),
        **terms,
    )  # fmt: skip


def confirm(
    session: Session, offices: Offices, found: Determination, *, actor: Actor | None = None, now: datetime = make.NOW
) -> Determination:
    """Confirm what waits, as the data department unless somebody else does."""
    waiting = queries.waiting(queries.locked(session, found.id))
    return determinations.confirm(
        session, actor or offices.data_department, found.id, sha256=waiting.sha256, now=now,
        book=base.book(demonstration=True),
    )  # fmt: skip


def determine(
    session: Session, offices: Offices, *, survey: CostSurvey | None = None, year: int = make.YEAR,
    now: datetime = make.NOW, **changed: Any,
) -> Determination:  # fmt: skip
    """Walk from the application to the confirmed revenue."""
    found = apply(session, offices, year=year, now=now)
    determinations.assess(session, offices.officer, found.id, is_ready=True, note="具备定价基础", now=now)
    propose(session, offices, found, survey=survey, now=now, **changed)
    return confirm(session, offices, found, now=now)


def draft_caps(
    session: Session,
    offices: Offices,
    found: Determination,
    caps: Sequence[Mapping[str, Any]],
    *,
    effective_from: date = make.TODAY,
    now: datetime = make.NOW,
) -> CapPlan:
    """Draw up caps as the authorizing entity."""
    return plans.draft(
        session, offices.entity, determination_id=found.id, effective_from=effective_from, caps=caps, note="按调用量",
        now=now, book=base.book(),
    )  # fmt: skip


def report_caps(session: Session, offices: Offices, plan: CapPlan, *, now: datetime = make.NOW) -> CapPlan:
    """Record the written report, made the same day."""
    return plans.record_report(
        session, offices.entity, plan.id, report_number=f"数据〔2026〕报{next(_serial)}号",
        report_date=business_date(now), reported_to=BOTH, now=now, book=base.book(),
    )  # fmt: skip
