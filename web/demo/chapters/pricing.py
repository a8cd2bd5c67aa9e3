"""Chapter 5b: prices under the caps; fees for merchants; free use in the public interest."""

from __future__ import annotations

from datetime import date
from typing import Any

from web.demo.cast import TariffFact
from web.demo.days import PRICES_FROM
from web.demo.papers import paper
from web.demo.stage import Stage, Told

FREE_UNTIL = date(2026, 12, 31)


def publish_prices(stage: Stage, told: Told) -> None:
    """Publish the prices before they count; what is above the cap, unequal without a rule or unfounded is refused."""
    for buyer, product, buyer_class in told.place.preferred:
        rule = {
            "product_id": told.products[product]["id"],
            "buyer_class": buyer_class,
            "rule": "村镇银行等机构执行优惠收费标准（发改价格〔2025〕668号）",
            "since": PRICES_FROM.isoformat(),
        }
        seller, member = told.login(told.place.product(product).seller), {**rule, "party_id": told.party_id(buyer)}
        unequal = next(_tariff(told, fact) for fact in told.place.tariffs if fact.buyer_class == buyer_class)
        attempt = "未公布规则即对一类用户另定价格"
        stage.refused(told, attempt, seller, "/api/v1/tariffs", unequal, rule="SEP-03")
        stage.send(seller, "/api/v1/tariffs/classes/rules", rule)
        stage.send(seller, "/api/v1/tariffs/classes", member)
    for fact in told.place.tariffs:
        seller = told.login(told.place.product(fact.product).seller)
        if fact.too_high is not None:
            too_high = _tariff(told, fact) | {"model": fact.too_high}
            attempt = f"定价 {fact.too_high['unit_price']} 元，高于上限"
            stage.refused(told, attempt, seller, "/api/v1/tariffs", too_high, rule="PRC-05")
        if fact.value is not None and fact.product == told.place.products[0].key:
            plain = _tariff(told, fact) | {"value_basis": None}
            stage.refused(told, "未说明数据应用价值即定价", seller, "/api/v1/tariffs", plain, rule="PRC-01")
        told.tariffs.append(stage.send(seller, "/api/v1/tariffs", _tariff(told, fact)))


def _tariff(told: Told, fact: TariffFact) -> dict[str, Any]:
    return {
        "product_id": told.products[fact.product]["id"],
        "regime": fact.regime,
        "charge_unit": fact.charge_unit,
        "model": dict(fact.model),
        "effective_from": PRICES_FROM.isoformat(),
        "subject_kind": fact.subject_kind,
        "buyer_class": fact.buyer_class,
        "dedup_days": fact.dedup_days,
        "guidance": fact.guidance,
        "value_basis": dict(fact.value) if fact.value else None,
    }


def publish_service_fees(stage: Stage, told: Told) -> None:
    """Publish what the operator charges merchants: cost and a small margin, nothing above it (PRC-10)."""
    for fact in told.place.service_fees:
        fee = {
            "agreement_id": told.agreement["id"],
            "service": fact.service,
            "charge_unit": "per_use",
            "unit_cost": fact.unit_cost,
            "cost_basis": fact.cost_basis,
            "price": fact.price,
            "effective_from": PRICES_FROM.isoformat(),
        }
        attempt = f"服务费 {fact.too_high} 元，超过保本微利"
        operator = told.login("operator")
        stage.refused(told, attempt, operator, "/api/v1/service-fees", fee | {"price": fact.too_high}, rule="PRC-10")
        stage.send(operator, "/api/v1/service-fees", fee)


def exempt(stage: Stage, told: Told) -> None:
    """Let public bodies ask for free use, and the supervisor approve it for purpose, term and quota."""
    for purchase in told.place.purchases:
        if purchase.exemption_reason is None:
            continue
        asked = stage.send(
            told.login(purchase.buyer),
            "/api/v1/exemptions",
            {
                "product_id": told.products[purchase.product]["id"],
                "grantee_id": told.party_id(purchase.buyer),
                "purpose": purchase.purpose,
                "reason": purchase.exemption_reason,
                "valid_from": PRICES_FROM.isoformat(),
                "valid_until": FREE_UNTIL.isoformat(),
                "quota": purchase.quantity,
                "evidence": paper("公益用途证明材料", f"{purchase.exemption_reason}（演示）"),
            },
        )
        url = f"/api/v1/exemptions/{asked['id']}/approval"
        told.exemptions[purchase.key] = stage.send(told.login("supervisor"), url, of=asked)
