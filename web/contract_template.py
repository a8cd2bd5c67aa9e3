"""The contract that a product would be sold under, before anybody has ordered it: the twelve points with blanks."""

from __future__ import annotations

from flask import Blueprint, render_template

from kernel import clock, db
from kernel.http import current_actor, policy_book, public
from market.catalogue import queries
from market.catalogue.pages import FORM_WORDS
from market.catalogue.queries import Offer
from market.contracts.queries import words_on
from market.contracts.rules import ContractType, Deal, worded
from registry.agreements.model import Agreement

blueprint = Blueprint("contract_template_pages", __name__)
BLANK = "＿＿＿＿"


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
