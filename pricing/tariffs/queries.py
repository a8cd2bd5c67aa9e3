"""Which price applies, what a quantity costs, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from kernel.errors import Conflict, NotFound
from kernel.money import ZERO, Money, decimal_text, fraction
from kernel.policy import Cited, PolicyBook
from pricing.ceilings.model import ALL_KINDS, FeeCap
from pricing.ceilings.queries import cap_at, explain_cap, get_cap, yuan
from pricing.classes.queries import classes_of
from pricing.costs.rules import CHARGE_UNIT_TITLES, cited_dict, node
from pricing.exemptions import queries as exemptions
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import PURPOSE_TITLES, Purpose, covers
from pricing.policy import PricingPolicy
from pricing.rating.rules import Line
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import CAP_ARTICLE, PriceReason, Rated, Regime, TariffModel, dearest_unit, rate
from pricing.wordings.rules import model_node
from registry.products import queries as products
from registry.products.model import Product
from registry.resources.rules import AccessKind

REGIME_TITLES = {
    Regime.GOV_GUIDED: "政府指导价",
    Regime.TRIAL: "试行收费标准",
    Regime.MARKET_VALUE_BASED: "市场调节价（以数据应用价值为重要依据）",
    Regime.BREAK_EVEN: "保本微利",
    Regime.FREE_PUBLIC_INTEREST: "公益免费",
}
ADJUSTMENT_TITLES = {
    "coefficient": "贡献等级系数",
    "minimum_spend": "最低消费调整",
    "maximum_spend": "最高消费调整",
    "waived": "免收额以内，不收取",
}


class NoSuchTariff(NotFound):
    """There is no such price."""

    code = "tariff.not_found"


class NoTariff(Conflict):
    """Nothing has been fixed that the order could cost."""

    code = "pricing.no_tariff"
    title = "尚无收费标准"
    title_en = "There is no price in force"


class TariffAboveCap(Conflict):
    """The cap has been lowered below the price; the seller has to follow."""

    code = "pricing.tariff_above_cap"
    title = "收费标准高于现行上限"
    title_en = "The price is above the cap in force"


class ExemptionRequired(Conflict):
    """Public-interest use is never charged, but free only with an approved exemption."""

    code = "pricing.exemption_required"
    title = "公益用途须先经批准"
    title_en = "Free use needs an approved exemption"


@dataclass(frozen=True, slots=True)
class Priced:
    """What an order costs, what it would cost without the exemption, and why."""

    amount: Money
    shadow_amount: Money
    tariff: Tariff | None
    reason: PriceReason
    explanation: dict[str, Any]
    exemption: Exemption | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """A price that seller and buyer agreed on (面议), with the published rule by which it differs (SEP-03)."""

    number: str
    model: TariffModel
    rule: str


@dataclass(frozen=True, slots=True)
class PublicPrice:
    """One row of the public price list."""

    tariff: Tariff
    product: Product
    cap: FeeCap | None
    within_cap: bool


def get(session: Session, tariff_id: UUID) -> Tariff:
    """Return one price; prices are public.

    Raises:
        NoSuchTariff: there is none.
    """
    found = session.get(Tariff, tariff_id)
    if found is None:
        raise NoSuchTariff(f"没有编号为 {tariff_id} 的收费标准。")
    return found


def history(session: Session, product_id: UUID) -> Sequence[Tariff]:
    """Return every price that a product had, has or will have, the latest first."""
    query = sa.select(Tariff).where(Tariff.product_id == product_id)
    return session.scalars(query.order_by(Tariff.effective_from.desc(), Tariff.scope)).all()


def in_force(session: Session, product_id: UUID, on: date) -> list[Tariff]:
    """Return the prices of a product on a day: at most one for each kind of subject and class of buyers."""
    found: dict[str, Tariff] = {}
    for tariff in reversed(history(session, product_id)):
        if tariff.effective_from <= on:
            found[tariff.scope] = tariff
    return sorted(found.values(), key=lambda tariff: tariff.scope)


def tariff_at(
    session: Session, product_id: UUID, on: date, buyer_class: str | None = None, subject_kind: str | None = None
) -> Tariff | None:
    """Return the price on a day: for that kind and class, else for the kind, else for the class, else for all."""
    return tariff_for(session, product_id, on, [] if buyer_class is None else [buyer_class], subject_kind)


def tariff_for(
    session: Session, product_id: UUID, on: date, classes: Sequence[str], subject_kind: str | None = None
) -> Tariff | None:
    """Return the price on a day for somebody in these classes, of which the first with a price of its own counts."""
    by_scope = {(tariff.subject_kind, tariff.buyer_class): tariff for tariff in in_force(session, product_id, on)}
    wanted = [(kind, buyer_class) for kind in (subject_kind, None) for buyer_class in (*classes, None)]
    return next((by_scope[scope] for scope in wanted if scope in by_scope), None)


def grade_of(model: TariffModel, classes: Sequence[str]) -> str | None:
    """Return the contribution grade of a buyer in these classes: the first that the tariff has a coefficient for."""
    grades = dict(model.contribution)
    return next((buyer_class for buyer_class in classes if buyer_class in grades), None)


def first_sale_date(session: Session, agreement_id: UUID, otherwise: date) -> date:
    """Return the first day on which anything under the agreement could be charged."""
    query = sa.select(sa.func.min(Tariff.effective_from)).join(Product, Product.id == Tariff.product_id)
    return min(session.scalar(query.where(Product.agreement_id == agreement_id)) or otherwise, otherwise)


def cap_of(session: Session, tariff: Tariff, on: date) -> FeeCap | None:
    """Return the cap that binds the price on a day; None where the regime knows none."""
    if tariff.regime is not Regime.GOV_GUIDED:
        return None
    return cap_at(session, tariff.product_id, tariff.charge_unit, on, tariff.subject_kind)


def is_within_cap(tariff: Tariff, cap: FeeCap | None) -> bool:
    """Say whether the price may be charged under the cap in force."""
    return tariff.regime is not Regime.GOV_GUIDED or (cap is not None and tariff.unit_price_max <= cap.amount)


def price(
    session: Session,
    product: Product,
    *,
    purpose: Purpose,
    buyer_id: UUID,
    quantity: int | Decimal | Fraction,
    on: date,
    book: PolicyBook,
    subject_kind: str | None = None,
    ordered_free: int | Decimal | Fraction = 0,
    agreed: Agreed | None = None,
) -> Priced:
    """Return what a quantity costs a buyer for a purpose on a day, and why.

    Use in the public interest costs exactly nothing, and needs an approved exemption; so does reuse by the department
    that provided the data free of charge. What either would have cost is kept as ``shadow_amount``.

    Args:
        session: the session to read with.
        product: what is bought.
        purpose: declared by the buyer.
        buyer_id: the buying organisation.
        quantity: in charge units.
        on: Beijing date of the order.
        book: the rules in force.
        subject_kind: kind of subject asked about, where prices differ by it.
        ordered_free: units ordered under the exemption before.
        agreed: the negotiated price of this buyer on that day, where there is one; it may not pass the cap either.

    Raises:
        ExemptionRequired: a public-interest purpose without an exemption that covers the quantity.
        NoTariff: the use is charged and there is no price.
        TariffAboveCap: the price is above the cap in force.

    Source:
        发改价格〔2025〕65号 一, 二; PUB-01, PUB-02, REU-01.
    """
    wanted, classes = fraction(quantity), classes_of(session, product.id, buyer_id, on)
    tariff = tariff_for(session, product.id, on, classes, subject_kind)
    listed = _listed(tariff, wanted, classes)
    policy = PricingPolicy.at(book, product.place, on)
    free = policy.require("exemption_purposes_free")
    if purpose in free.items():
        exemption = exemptions.in_force(session, product.id, buyer_id, purpose, on)
        if exemption and covers(exemption.grant(), on=on, quantity=wanted, ordered=fraction(ordered_free)):
            return _free(session, tariff, listed, wanted, on, free, exemptions.explain(session, exemption), exemption)
    reuse = _reuse(session, product, buyer_id, on, book)
    if reuse is not None:
        return _free(session, tariff, listed, wanted, on, reuse, _lineage(session, product), None)
    if purpose in free.items():
        raise _exemption_required(product, purpose, free)
    tariff = _must_be_chargeable(session, product, tariff, on, agreed)
    rated = rate(agreed.model, wanted, grade=grade_of(agreed.model, classes)) if agreed else listed
    assert rated is not None
    explanation = _explain_amount(session, tariff, rated, wanted, on, agreed=agreed)
    reason = PriceReason.NEGOTIATED if agreed else PriceReason.TARIFF
    return Priced(rated.amount, rated.amount, tariff, reason, explanation)


def explain(session: Session, tariff: Tariff, on: date | None = None) -> dict[str, Any]:
    """Return why a price is what it is: regime, terms, the cap of that day (or its first), the ceiling above it."""
    sources = {source["name"]: source for source in tariff.sources}
    regime = sources.get("pricing.regime.operator") or sources.get("pricing.regime.merchant")
    charging = model_node(
        tariff.model, tariff.charge_unit, dedup_days=tariff.dedup_days, charges_misses=tariff.charges_misses
    )
    lines = [node("定价方式", REGIME_TITLES[tariff.regime], source=regime), charging]
    if tariff.guidance:
        lines.append(node("授权主体指导意见", tariff.guidance, source=sources.get("pricing.trial.allowed")))
    if basis := sources.get("pricing.merchant_price_basis"):
        lines.append(node("定价依据", basis["value"], source=basis))
    if tariff.cap_id is not None:
        in_force_then = cap_of(session, tariff, on) if on else None
        lines.append(explain_cap(session, in_force_then or get_cap(session, tariff.cap_id)))
    return node(
        f"收费标准 {tariff.number}（自 {tariff.effective_from} 起）",
        f"最高 ¥ {tariff.unit_price_max.text()} / {CHARGE_UNIT_TITLES[tariff.charge_unit]}",
        source=CAP_ARTICLE if tariff.cap_id else regime,
        lines=lines,
    )


def price_list(session: Session, on: date, *, place: str | None = None) -> list[PublicPrice]:
    """Return the prices in force on a day at all places or one, with product, seller and the cap in force."""
    later = aliased(Tariff)
    newest = (
        sa.select(sa.func.max(later.effective_from))
        .where(later.product_id == Tariff.product_id, later.scope == Tariff.scope, later.effective_from <= on)
        .scalar_subquery()
    )
    query = (
        sa.select(Tariff, Product)
        .join(Product, Product.id == Tariff.product_id)
        .where(Tariff.effective_from == newest)
        .options(joinedload(Product.owner))
        .order_by(Tariff.place, Product.code, Tariff.scope)
    )
    if place is not None:
        query = query.where(Tariff.place == place)
    rows = session.execute(query).all()
    caps = _caps_in_effect(session, [product.id for _, product in rows], on)
    found = []
    for tariff, product in rows:
        of_product = (caps.get((product.id, tariff.charge_unit, scope)) for scope in (tariff.subject_kind, ALL_KINDS))
        cap = next((cap for cap in of_product if cap), None) if tariff.regime is Regime.GOV_GUIDED else None
        found.append(PublicPrice(tariff, product, cap, is_within_cap(tariff, cap)))
    return found


def _caps_in_effect(
    session: Session, product_ids: Sequence[UUID], on: date
) -> dict[tuple[UUID, str, str | None], FeeCap]:
    query = sa.select(FeeCap).where(FeeCap.product_id.in_(product_ids), FeeCap.effective_from <= on)
    in_order = session.scalars(query.order_by(FeeCap.effective_from))
    return {(cap.product_id, cap.charge_unit, cap.scope): cap for cap in in_order}


def _reuse(session: Session, product: Product, buyer_id: UUID, on: date, book: PolicyBook) -> Cited | None:
    """Return the rule by which the buyer reuses the product free, or None (REU-01: only who provided data free)."""
    rule = book.get(product.place, "reuse.source_department_free", on=on)
    if rule is None or not rule.boolean():
        return None
    provided = products.source_departments(session, product.id)
    return rule if any(party == buyer_id and access is AccessKind.FREE for party, access, _ in provided) else None


def _listed(tariff: Tariff | None, quantity: Fraction, classes: Sequence[str]) -> Rated | None:
    if tariff is None:
        return None
    model = tariff.tariff_model()
    return rate(model, quantity, grade=grade_of(model, classes))


def _free(
    session: Session, tariff: Tariff | None, listed: Rated | None, quantity: Fraction, on: date, rule: Cited,
    ground: dict[str, Any], exemption: Exemption | None,
) -> Priced:  # fmt: skip
    shadow, lines = ZERO, [ground]
    if tariff is not None and listed is not None:
        shadow = listed.amount
        lines.append(_explain_amount(session, tariff, listed, quantity, on, label="按收费标准计（影子金额，不收取）"))
    title = "用于公共治理、公益事业，免费提供" if exemption else "数源部门无偿使用由其免费数据产生的产品"
    explanation = node("应付金额", yuan(ZERO), formula=title, source=cited_dict(rule), lines=lines)
    reason = PriceReason.PUBLIC_INTEREST if exemption else PriceReason.SOURCE_REUSE
    return Priced(ZERO, shadow, tariff, reason, explanation, exemption)


def _lineage(session: Session, product: Product) -> dict[str, Any]:
    used = products.inputs(session, products.latest_version(session, product.id).id)
    lines = [
        node(f"{one.resource.code} {one.resource.title}", one.resource.source_department.name,
             formula="无偿提供" if one.access is AccessKind.FREE else "有偿取得")
        for one in used
    ]  # fmt: skip
    return node("产品所用公共数据", f"{len(lines)} 项", source="REU-01", lines=lines)


def _explain_amount(
    session: Session,
    tariff: Tariff,
    rated: Rated,
    quantity: Fraction,
    on: date,
    *,
    label: str = "应付金额",
    agreed: Agreed | None = None,
) -> dict[str, Any]:
    unit = CHARGE_UNIT_TITLES[tariff.charge_unit]
    lines = [_explain_line(line, unit) for line in rated.lines]
    if agreed is not None:
        lines.append(node(f"面议价格 {agreed.number}", agreed.rule, source="SEP-03"))
    formula = f"{decimal_text(quantity)} {unit}，合计 {decimal_text(rated.exact)} 元，四舍五入到分"
    return node(label, yuan(rated.amount), formula=formula, lines=[*lines, explain(session, tariff, on)])


def _explain_line(line: Line, unit: str) -> dict[str, Any]:
    value = f"¥ {decimal_text(line.exact)}"
    if line.adjustment is not None:
        formula = f"× {decimal_text(line.coefficient)}" if line.coefficient is not None else ""
        return node(ADJUSTMENT_TITLES[line.adjustment], value, formula=formula)
    if line.pack is not None:
        formula = f"{decimal_text(line.quantity)} 包 × {line.unit_price.text()}"
        return node(f"套餐（每包 {line.pack} {unit}）", value, formula=formula)
    formula = f"{decimal_text(line.quantity)} {unit} × {line.unit_price.text()} + {decimal_text(line.flat_fee)}"
    if line.coefficient is not None:
        formula = f"{decimal_text(line.quantity)} {unit} × {line.unit_price.text()} × {decimal_text(line.coefficient)}"
    return node(f"第 {line.band} 档", value, formula=formula)


def _must_be_chargeable(
    session: Session, product: Product, tariff: Tariff | None, on: date, agreed: Agreed | None
) -> Tariff:
    if tariff is None or tariff.regime is Regime.FREE_PUBLIC_INTEREST:
        raise NoTariff(
            f"产品 {product.code} 在 {on} 没有适用于该用途、该对象的收费标准，请卖方先公布收费标准。",
            detail_en=f"{product.code} has no price in force on {on}.",
            rule="DIS-07",
        )
    cap = cap_of(session, tariff, on)
    number, highest = (agreed.number, dearest_unit(agreed.model)) if agreed else (tariff.number, tariff.unit_price_max)
    if tariff.regime is Regime.GOV_GUIDED and (cap is None or highest > cap.amount):
        limit = cap.amount.text() if cap else "未制定"
        raise TariffAboveCap(
            f"{number} 的最高单价 {highest.text()} 元高于 {on} 起执行的上限（{limit} 元），请卖方先调低收费标准。",
            detail_en=f"{number} is above the cap in force ({limit}).",
            rule="PRC-05",
            article=CAP_ARTICLE,
        )
    return tariff


def _exemption_required(product: Product, purpose: Purpose, free: Cited) -> ExemptionRequired:
    return ExemptionRequired(
        f"“{PURPOSE_TITLES[purpose]}”用途免费提供，但须先就产品 {product.code} 取得免费使用批准"
        "（在有效期和额度之内）；请在“公益使用”中提交申请。",
        detail_en="Apply for an exemption that covers this product, day and quantity.",
        rule="PUB-02",
        article=free.citation(),
    )
