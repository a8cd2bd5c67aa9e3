"""Eight gates, 256 combinations, four entrances: search, detail, quote and order say the same, and one row sells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product as combinations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import ANONYMOUS
from market.catalogue import queries as catalogue
from market.listings import queries as listings
from market.listings.model import Listing
from market.orders import commands as orders
from pricing.ceilings.model import Ceiling
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.parties.model import Party
from registry.parties.rules import Standing
from registry.products.model import Product, ProductInput, ProductVersion
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from registry.resources.model import Resource
from tests.make import market as make
from tests.make import pricing as prices


def suspend_seller(session: Session, product: Product) -> None:
    session.execute(sa.update(Party).where(Party.id == product.owner_id).values(standing=Standing.SUSPENDED))


def suspend_agreement(session: Session, product: Product) -> None:
    suspended = {"state": AgreementState.SUSPENDED}
    session.execute(sa.update(Agreement).where(Agreement.id == product.agreement_id).values(suspended))


def bar_resource(session: Session, product: Product) -> None:
    used = sa.select(ProductInput.resource_id).join(ProductVersion, ProductVersion.id == ProductInput.version_id)
    used = used.where(ProductVersion.product_id == product.id)
    session.execute(sa.update(Resource).where(Resource.id.in_(used)).values(barred=True, barred_reason="不予开放"))


def add_unreviewed_version(session: Session, product: Product) -> None:
    newest = session.scalar(sa.select(ProductVersion).where(ProductVersion.product_id == product.id))
    made = ProductVersion(
        product_id=product.id, number=2, description="改进", fields=newest.fields, sample=newest.sample,
        content_sha256="0" * 64, created_at=make.SALE, created_by=None, created_by_name="",
    )  # fmt: skip
    session.add(made)
    session.flush()
    for used in session.scalars(sa.select(ProductInput).where(ProductInput.version_id == newest.id)).all():
        session.add(ProductInput(version_id=made.id, resource_id=used.resource_id, access=used.access,
                                 weight_input=used.weight_input, quality=used.quality))  # fmt: skip
    session.flush()


def revoke_registration(session: Session, product: Product) -> None:
    revoked = {"state": RegistrationState.REVOKED, "closed_at": make.SALE}
    session.execute(sa.update(Registration).where(Registration.product_id == product.id).values(revoked))


def lower_cap(session: Session, product: Product) -> None:
    ceiling = session.scalar(sa.select(Ceiling).where(Ceiling.agreement_id == product.agreement_id))
    prices.set_caps(session, ceiling, [prices.cap(product, "0.79999999")], effective_from=business_date(make.SALE),
                    now=make.SALE)  # fmt: skip


def withdraw(session: Session, product: Product) -> None:
    session.execute(sa.update(Listing).where(Listing.product_id == product.id).values(withdrawn_at=make.SALE))


def forget_venue(session: Session, product: Product) -> None:
    session.execute(sa.update(Listing).where(Listing.product_id == product.id).values(venue=None))


# lower_cap comes first: it is a command, and looks at records that the others change behind its back
CLOSERS: dict[str, Callable[[Session, Product], None]] = {
    "price": lower_cap,
    "review_passed": add_unreviewed_version,
    "seller_in_order": suspend_seller,
    "agreement_in_force": suspend_agreement,
    "request_approved": bar_resource,
    "registration_effective": revoke_registration,
    "offered": withdraw,
    "venue": forget_venue,
}


@pytest.mark.both_databases
def test_only_the_row_of_all_open_gates_is_found_shown_quoted_and_ordered(session):
    product = make.make_guided_offer(session)
    buyer = make.buyer_of(session)
    quote = make.make_quote(session, product, buyer)
    wrong, sold = [], 0
    for row in combinations([False, True], repeat=len(CLOSERS)):
        closed = {name for name, is_closed in zip(CLOSERS, row, strict=True) if is_closed}
        savepoint = session.begin_nested()
        for name in CLOSERS:
            if name in closed:
                CLOSERS[name](session, product)
        session.expire_all()
        said = {gate.code for gate in listings.listing_gates(session, product, now=make.SALE, book=make.LAW)
                if not gate.open}  # fmt: skip
        entrances = [enter(session, product, buyer, quote) for enter in (search, detail, ask, order)]
        if said != closed or entrances != [not closed] * 4:
            wrong.append((closed, said, entrances))
        sold += all(entrances)
        savepoint.rollback()
    assert wrong == []
    assert sold == 1


def search(session: Session, product: Product, _buyer, _quote) -> bool:
    found = session.scalars(catalogue.search(now=make.SALE, book=make.LAW)).all()
    return [listing.product_id for listing in found] == [product.id]


def detail(session: Session, product: Product, _buyer, _quote) -> bool:
    try:
        return catalogue.offer(session, ANONYMOUS, product.code, now=make.SALE, book=make.LAW).is_open
    except listings.NoSuchListing:
        return False


def ask(session: Session, product: Product, buyer, _quote) -> bool:
    try:
        return make.make_quote(session, product, buyer).amount.text() == "800.00"
    except listings.NotListed:
        return False


def order(session: Session, _product: Product, buyer, quote) -> bool:
    try:
        return orders.place(session, buyer, quote_number=quote.number, client_reference="PO-1", now=make.SALE,
                            book=make.LAW).amount.text() == "800.00"  # fmt: skip
    except listings.NotListed:
        return False


def is_listed(session: Session, product: Product, now: datetime) -> bool:
    by_gates = all(gate.open for gate in listings.listing_gates(session, product, now=now, book=make.LAW))
    by_search = product.id in {one.product_id for one in session.scalars(catalogue.search(now=now, book=make.LAW))}
    assert by_gates is by_search
    return by_gates


@pytest.mark.both_databases
def test_time_alone_closes_and_opens_the_sale_at_midnight_in_beijing(session):
    product = make.make_offer(session)
    second = timedelta(seconds=1)
    priced_from = datetime(2026, 7, 19, 16, 0, tzinfo=UTC)  # the price is in force from 2026-07-20 in Beijing
    agreement_end = datetime(2028, 6, 30, 16, 0, tzinfo=UTC)  # 2028-07-01 is the first day not covered
    assert not is_listed(session, product, priced_from - second)
    assert is_listed(session, product, priced_from)
    assert is_listed(session, product, agreement_end - second)
    assert not is_listed(session, product, agreement_end)
