"""Products to price, cost surveys, ceilings, caps, prices and exemptions, made through the real commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from kernel.calendar import business_date
from kernel.identity import Actor, Role
from kernel.money import Money, UnitPrice
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.queries import caps_of_agreement
from pricing.classes import commands as classes
from pricing.classes import queries as class_rules
from pricing.costs.model import CostSurvey
from pricing.costs.rules import ChargeUnit
from pricing.determinations import queries as determined
from pricing.exemptions import commands as exemptions
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import Purpose
from pricing.tariffs import commands as tariffs
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import Regime
from pricing.value_bases.rules import ValuationMethod
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products.model import Product
from registry.resources.model import Resource
from tests.make import determinations as walk
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make.surveys import NOW, TODAY, YEAR, make_survey
from tests.make.surveys import cost as cost  # builders of tests name it beside the others
from tests.make.surveys import price_officer as price_officer
from tests.rig.worlds import remembered

VALUE = {"scenario": "贷前核验", "benefit": "每次节约人工 3 元", "method": ValuationMethod.INCOME}
CLASS_RULE = "村镇银行等执行优惠收费标准（公告〔2026〕3号）"
ONE_PRICE = {"model": "per_unit", "unit_price": "0.80"}
_serial = count(1)


def seller_of(session: Session, product: Product) -> Actor:
    """A person of the product's seller."""
    agreement = agreements.get(session, product.agreement_id)
    operated = agreement.operating_institution_id == product.owner_id
    return base.actor(Role.OPERATOR if operated else Role.MERCHANT, org_id=product.owner_id, place=product.place)


def make_buyer(session: Session, *, place: str = base.PLACE, name: str = "") -> Party:
    """Register an organisation that buys."""
    return base.make_party(session, Capacity.BUYER, place=place, name=name)


def buyer(party: Party) -> Actor:
    """A person of a buying organisation, who may buy everywhere."""
    return base.actor(Role.BUYER, org_id=party.id)


@remembered
def make_product(
    session: Session,
    *,
    place: str = base.PLACE,
    agreement: Agreement | None = None,
    merchant: Party | None = None,
    resources: Sequence[Resource] = (),
    title: str = "",
    now: datetime = NOW,
) -> Product:
    """Make a product of the agreement's operator, or of ``merchant``, from resources whose use was approved."""
    if agreement is None:
        registry.make_reviewers(session, place)
        agreement = base.make_agreement(session, place=place, scope=resources or None)
    owner = merchant or session.get_one(Party, agreement.operating_institution_id)
    serial = next(_serial)
    return registry.make_product(
        session, agreement=agreement, owner=owner, resources=resources or None, title=title or f"产品 {serial}",
        scenario=f"场景 {serial}", now=now,
    )  # fmt: skip


def make_ceiling(
    session: Session,
    agreement: Agreement,
    *,
    survey: CostSurvey | None = None,
    year: int = YEAR,
    margin: str = "0.06",
    tax: str = "467424.00",
    now: datetime = NOW,
    **given: Any,
) -> Ceiling:
    """Walk to the ceiling of PRC-02: 8 257 824.00 with the treasury yield of the demonstration, 2.20 %."""
    offices = walk.Offices(agreement)
    survey = survey or make_survey(session, agreement, now=now)
    tax_lines = [{**walk.TAX[0], "amount": Money.yuan(tax)}]
    found = walk.determine(
        session, offices, survey=survey, year=year, margin=Decimal(margin), tax_lines=tax_lines, now=now, **given
    )
    ceiling = determined.ceiling_of(session, found.id)
    assert ceiling is not None
    return ceiling


def cap(
    product: Product,
    amount: str,
    volume: str = "1000",
    unit: ChargeUnit = ChargeUnit.PER_USE,
    subject_kind: str | None = None,
) -> dict[str, Any]:
    """What one cap says."""
    return {
        "product_id": product.id,
        "charge_unit": unit,
        "amount": UnitPrice.yuan(amount),
        "forecast_volume": Decimal(volume),
        "subject_kind": subject_kind,
    }


def set_caps(
    session: Session,
    ceiling: Ceiling,
    caps: Sequence[Mapping[str, Any]],
    *,
    effective_from: date = TODAY,
    now: datetime = NOW,
) -> list[FeeCap]:
    """Plan caps under a ceiling as the authorizing entity and report them the same day, whatever else was planned."""
    offices = walk.Offices(agreements.get(session, ceiling.agreement_id))
    found = determined.get(session, offices.data_department, UUID(ceiling.inputs["procedure_id"]))
    plan = walk.draft_caps(session, offices, found, caps, effective_from=effective_from, now=now)
    walk.report_caps(session, offices, plan, now=now)
    made = {
        (cap.product_id, cap.charge_unit, cap.subject_kind): cap
        for cap in caps_of_agreement(session, ceiling.agreement_id)
        if cap.report_number == plan.report_number
    }
    return [made[cap["product_id"], cap["charge_unit"], cap["subject_kind"]] for cap in caps]


@remembered
def make_capped_product(session: Session, cap_amount: str = "0.80", *, place: str = base.PLACE) -> Product:
    """Make an operator's product with a ceiling and a cap per use in force today."""
    product = make_product(session, place=place)
    ceiling = make_ceiling(session, agreements.get(session, product.agreement_id))
    set_caps(session, ceiling, [cap(product, cap_amount)])
    return product


def make_tariff(
    session: Session,
    product: Product,
    model: Mapping[str, Any] | None = None,
    *,
    regime: Regime = Regime.GOV_GUIDED,
    unit: ChargeUnit = ChargeUnit.PER_USE,
    effective_from: date = TODAY,
    now: datetime = NOW,
    **terms: Any,
) -> Tariff:
    """Fix a price as the seller, with value and rules of classes stated; 0.80 per use unless another model is given."""
    seller, model = seller_of(session, product), model or ONE_PRICE
    publish_class_rules(session, product, model, terms.get("buyer_class"), effective_from, now)
    if regime is Regime.MARKET_VALUE_BASED:
        terms.setdefault("value_basis", VALUE)
    return tariffs.set_tariff(
        session, seller, product_id=product.id, regime=regime, charge_unit=unit,
        model=model, effective_from=effective_from, now=now, book=base.book(demonstration=True), **terms,
    )  # fmt: skip


def publish_class_rules(
    session: Session, product: Product, model: Mapping[str, Any], buyer_class: str | None, on: date, now: datetime
) -> None:
    """Publish a rule for each class and grade that a price names, where there is none."""
    named = {*model.get("coefficients", {}).get("contribution", {}), buyer_class} - {None}
    for one in sorted(named - class_rules.rules_at(session, product.id, on).keys() if named else ()):
        classes.publish_rule(session, seller_of(session, product), product_id=product.id, buyer_class=one,
                             rule=CLASS_RULE, since=max(on, business_date(now)), now=now)  # fmt: skip


@remembered
def make_priced_product(
    session: Session, model: Mapping[str, Any] | None = None, *, place: str = base.PLACE
) -> Product:
    """Make an operator's product under a cap of 0.80 with a price of 0.80 (or ``model``) in force today."""
    product = make_capped_product(session, place=place)
    make_tariff(session, product, model)
    return product


def make_exemption(
    session: Session,
    product: Product,
    grantee: Party,
    *,
    purpose: Purpose = Purpose.PUBLIC_WELFARE,
    quota: int | None = None,
    valid_until: date = date(YEAR, 12, 31),
    approved: bool = True,
    now: datetime = NOW,
) -> Exemption:
    """Ask for free use of a product and let it be approved."""
    made = exemptions.request(
        session, buyer(grantee), product_id=product.id, grantee_id=grantee.id, purpose=purpose, reason="防汛预警",
        valid_from=TODAY, valid_until=valid_until, quota=quota, now=now, book=base.book(),
    )  # fmt: skip
    if approved:
        exemptions.approve(session, base.supervisor(product.place), made.id, now=now)
    return made


def post_form(client: FlaskClient, url: str, data: Mapping[str, Any], *, shown_at: str = "") -> TestResponse:
    """Send a form as a browser does, with the token of the page that shows it (``url`` unless another is named)."""
    shown = client.get(shown_at or url)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.get_data(as_text=True))
    assert token, f"no form at {shown_at or url}: {shown.status}"
    return client.post(url, data={"csrf_token": token[1], **data})
