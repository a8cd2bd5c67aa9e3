"""Reading products side by side; each only as far as the reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.catalogue import queries as catalogue
from market.catalogue.queries import Offer
from market.comparisons.rules import Aspect, Row, chosen, rows
from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.publications.queries import tariff_in_words


@dataclass(frozen=True, slots=True)
class Comparison:
    """The compared products, and the rows of their comparison."""

    offers: list[Offer]
    rows: list[Row]


def compare(
    session: Session, actor: Actor, codes: Sequence[str], *, now: datetime, book: PolicyBook, english: bool = False
) -> Comparison:
    """Return the products side by side, in the order given; prices in words of the reader's language.

    Raises:
        WrongNumber: fewer than two different products, or more than fit.
        NoSuchListing: one of them is not offered, or the actor may not know of it.
    """
    offers = [catalogue.offer(session, actor, code, now=now, book=book) for code in chosen(codes)]
    return Comparison(offers, rows([_aspects(session, one, now, book, english) for one in offers]))


def _aspects(session: Session, offer: Offer, now: datetime, book: PolicyBook, english: bool) -> dict[Aspect, list[str]]:
    product, version = offer.product, offer.version
    place = book.place(product.place)
    inside = catalogue.inside(session, offer, on=business_date(now), book=book)
    resources = sorted((used.resource for used in version.inputs), key=lambda one: one.code)
    caps = [price.cap for price in offer.prices if price.cap is not None]
    personal = [str(one.get("title") or one["name"]) for one in version.fields if one.get("personal")]
    return {
        Aspect.SELLER: [product.owner.name],
        Aspect.PLACE: [place.title_en if english else place.title],
        Aspect.DOMAIN: [product.domain],
        Aspect.SCENARIO: [product.scenario],
        Aspect.DELIVERY_FORM: [product.delivery_form.value],
        Aspect.PRICES: [word for price in offer.prices for word in tariff_in_words(price.tariff, english=english)],
        Aspect.CAPS: [f"¥ {cap.amount.text()} / {CHARGE_UNIT_TITLES[cap.charge_unit]}" for cap in caps],
        Aspect.CERTIFICATE: [offer.registration.code] if offer.registration and offer.registration.code else [],
        Aspect.DEPARTMENTS: list(dict.fromkeys(one.source_department.name for one in resources)),
        Aspect.UPDATE_FREQUENCY: list(dict.fromkeys(one.update_frequency for one in resources)),
        Aspect.FIELDS: [str(one.get("title") or one["name"]) for one in version.fields],
        Aspect.PERSONAL: personal,
        Aspect.QUALITY: [
            f"{one.code} {figures.value:.2%}" for one, figures in inside.quality if figures.value is not None
        ],
        Aspect.VERSION: [str(version.number)],
    }
