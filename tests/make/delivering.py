"""Products that are delivered as files or reports, put up and bought; and API products that a platform serves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask

from kernel import db
from kernel.identity import Role
from market.entitlements.model import Entitlement
from market.entitlements.rules import Terms
from registry.parties.model import Party
from registry.products.model import Product
from registry.products.rules import DeliveryForm
from tests.make import market
from tests.make.clients import as_program

CSV = "score,level\r\n712,A\r\n650,B\r\n"
REPORT = b"%PDF-1.7 \n" + bytes(range(256)) * 40
JULY = (date(2026, 7, 1), date(2026, 7, 31))


@dataclass
class Sold:
    """A product, who sells it and who bought it, with the headers of both."""

    product: Product
    held: Entitlement
    terms: Terms
    buyer: dict[str, str]
    seller: dict[str, str]
    party: Party


def make_sold(app: Flask, *, form: DeliveryForm = DeliveryForm.API, quantity: int = 5, **made: Any) -> Sold:
    """Offer a product in that form and let somebody buy so many uses of it."""
    with app.app_context(), db.transaction() as session:
        product = market.make_offer(session, delivery_form=form, **made)
        person = market.buyer_of(session)
        held = market.make_entitlement(session, product, person, quantity=quantity)
        party, owner = session.get_one(Party, person.org_id), session.get_one(Party, product.owner_id)
    return Sold(
        product, held, held.terms, as_program(app, Role.BUYER, party=party),
        as_program(app, Role.MERCHANT, party=owner, place=product.place), party,
    )  # fmt: skip
