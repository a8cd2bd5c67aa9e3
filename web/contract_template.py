"""The contract that a product would be sold under, before anybody has ordered it; and the words of all four kinds."""

from __future__ import annotations

from flask import Blueprint, render_template

from kernel import clock, db
from kernel.http import current_actor, policy_book, public
from market.catalogue import queries
from market.catalogue.pages import FORM_WORDS
from market.catalogue.queries import Offer
from market.contracts.gateway import templates
from market.contracts.queries import words_on
from market.contracts.rules import HEADINGS, STANDARD, ContractType, Deal, template_on, worded
from registry.agreements.model import Agreement

blueprint = Blueprint("contract_template_pages", __name__)
BLANK = "＿＿＿＿"
FILLED_IN = {
    "seller": "供方名称和统一社会信用代码", "buyer": "需方名称和统一社会信用代码", "product": "产品名称和编码",
    "version": "版本号", "content_sha256": "内容摘要", "registration": "登记编码", "description": "产品说明",
    "fields": "字段", "source": "数据来源说明", "amount": "金额", "price_basis": "收费标准编号", "payment": "付款方式",
    "venue": "交易渠道", "agreement": "授权运营协议编号", "delivery": "交付形式", "quantity": "数量", "purpose": "用途",
    "scenario": "场景", "months": "月数", "retention_years": "当地规定的保存年限",
}  # fmt: skip


@blueprint.get("/products/<code>/contract")
@public
def show(code: str) -> str:
    """Show the text of the contract with what the product decides filled in."""
    session = db.session()
    offer = queries.offer(session, current_actor(), code, now=clock.now(), book=policy_book())
    agreement = session.get_one(Agreement, offer.product.agreement_id)
    template, years = words_on(ContractType.PROVISION, offer.product.place, clock.today(), policy_book())
    text = worded(template, BLANK, _deal(offer, agreement.number, years))
    return render_template("contract_template.html", product=offer.product, text=text)


@blueprint.get("/contract-templates")
@public
def browse() -> str:
    """Show the words of today of all four kinds of contract, each with its twelve points."""
    today = clock.today()
    kinds = [template_on(templates(), kind, today) for kind in ContractType]
    return render_template(
        "contract_templates.html",
        kinds=kinds,
        headings=HEADINGS,
        standard=STANDARD,
        told=_told,
        varying={point for point in HEADINGS if len({one.points[point] for one in kinds}) > 1},
        clauses=kinds[0].clauses,
    )


def _told(words: str) -> str:
    """Return the words of a template with what each order fills in named in brackets."""
    return words.format_map({name: f"〔{title}〕" for name, title in FILLED_IN.items()}).strip()


def _deal(offer: Offer, agreement_number: str, retention_years: str) -> Deal:
    product, version = offer.product, offer.version
    return Deal(
        seller=f"{product.owner.name}（统一社会信用代码 {product.owner.uscc}）",
        buyer=BLANK,
        product=f"{product.title}（{product.code}）",
        version=str(version.number),
        content_sha256=version.content_sha256,
        registration=(offer.registration.code if offer.registration else None) or BLANK,
        description=version.description,
        fields="、".join(str(field.get("title") or field.get("name")) for field in version.fields),
        source=product.source_statement,
        amount=BLANK,
        price_basis="、".join(price.tariff.number for price in offer.prices) or BLANK,
        payment=BLANK,
        venue=(offer.listing.venue if offer.listing else None) or "授权运营平台",
        agreement=agreement_number,
        delivery=str(FORM_WORDS[product.delivery_form]),
        quantity=BLANK,
        purpose=BLANK,
        scenario=BLANK,
        months=BLANK,
        retention_years=retention_years,
    )
