"""Offering a product where the place allows it, and reading a foreign catalogue in, all rows or none."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.audit import AuditLine
from kernel.errors import NotAllowed
from kernel.identity import Role
from market.listings import commands, queries
from market.listings.model import ImportBatch, ImportRow, Listing
from market.listings.sheets import FileUnreadable
from market.venues.rules import VenueMissing, VenueNotAllowed
from registry.parties.model import Party, PartyCapacity
from registry.parties.rules import Capacity
from tests.make import market as make
from tests.make import registry_base as base
from tests.make import registry_products as registry

HEAD = "exchange,title,company,price_text_as_listed,price_mode,amount_dadada,url"
# one sound row, then one row per fault of the published file
LINES = [
    "beijing,企业诉讼核验,示例甲公司,0.5元/次,usage-based,0.5,https://a.example/1",
    "guiyang,遥感影像服务,示例乙公司,754300.0000000001元/次,usage-based,754300.0000000001,https://b.example/1",
    "guangzhou,行业指数,示例丙公司,面议,negotiation,0.0,https://c.example/1",
    "beijing,公开数据集,示例甲公司,,free,0.0,https://a.example/2",
    "zhejiang,宏观数据,,1000.00元,one-off,1000.0,https://d.example/1",
    "zhejiang,气象服务,,1000.00元,one-off,100.0,https://d.example/2",
    "beijing,企业诉讼核验,示例甲公司,0.6元/次,usage-based,0.6,https://a.example/1",
    "shenzhen,未知来源,示例丁公司,1元/次,usage-based,1.0,https://e.example/1",
    "zhejiang,电力数据,,413.89元/天,subscription,151069.85,https://d.example/3",
]
ACCEPTED = [2, 4, 6, 10]
REFUSED = {
    3: [("price_text_as_listed", "price.float_artefact")],
    5: [("price_text_as_listed", "price.missing")],
    7: [("amount_dadada", "amount.differs")],
    8: [("url", "url.repeated")],
    9: [("exchange", "exchange.unknown")],
}


def catalogue(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([HEAD, *lines, ""]).encode(encoding)


def read_in(session, content: bytes, *, place: str = "futian", person=None):
    return commands.import_listings(
        session, person or base.supervisor(place), place=place, file_name="catalogue.csv", content=content,
        now=make.SALE, book=make.LAW,
    )  # fmt: skip


@pytest.mark.both_databases
def test_every_row_is_accepted_as_a_draft_or_refused_with_line_field_and_reason(session):
    result = read_in(session, catalogue(*LINES))
    assert (result.accepted, result.refused) == (4, 5)
    assert [row.line_number for row in result.rows] == list(range(2, 11))
    assert [row.line_number for row in result.rows if row.accepted] == ACCEPTED
    refused = {
        row.line_number: [(one["field"], one["code"]) for one in row.reasons if one["level"] == "refusal"]
        for row in result.rows
        if not row.accepted
    }
    assert refused == REFUSED
    assert all(one["message"] for row in result.rows for one in row.reasons)
    assert session.scalar(sa.select(AuditLine.detail).where(AuditLine.action == "listing.import"))["refused"] == 5


@pytest.mark.both_databases
def test_drafts_keep_what_the_file_said_and_are_offered_to_nobody(session):
    result = read_in(session, catalogue(*LINES))
    drafts = {draft.external_address: draft for draft in session.scalars(sa.select(Listing))}
    first = drafts["https://a.example/1"].external
    assert (first["unit_price"], first["mode"], first["unit"]) == ("0.5", "usage-based", "次")
    assert "https://b.example/1" not in drafts
    assert drafts["https://c.example/1"].external["unit_price"] is None
    assert drafts["https://d.example/3"].external["unit_price"] == "413.89"
    assert all(draft.product_id is None and draft.seller_id is None and draft.is_imported for draft in drafts.values())
    assert queries.count_by_place(session, now=make.SALE, book=make.LAW) == {}
    raw = next(row.raw for row in result.rows if row.line_number == 3)
    assert raw["price_text_as_listed"] == "754300.0000000001元/次"


@pytest.mark.both_databases
def test_the_same_file_is_refused_and_another_with_the_same_addresses_row_by_row(session):
    read_in(session, catalogue(*LINES))
    with pytest.raises(commands.FileImportedBefore, match="IMP-2026-000001"):
        read_in(session, catalogue(*LINES))
    assert session.scalar(sa.select(sa.func.count()).select_from(ImportBatch)) == 1
    again = read_in(session, catalogue(LINES[0], LINES[4].replace("d.example/1", "d.example/9")))
    refusals = [[one["code"] for one in row.reasons if one["level"] == "refusal"] for row in again.rows]
    assert refusals == [["url.imported_before"], []]
    assert [row.accepted for row in again.rows] == [False, True]
    assert read_in(session, catalogue(*LINES), place="puer").accepted == 4


def test_the_same_catalogue_in_gb18030_gives_the_same_rows(session):
    plain = read_in(session, catalogue(*LINES))
    other = read_in(session, catalogue(*LINES, encoding="gb18030"), place="puer")
    assert [(row.line_number, row.accepted, row.reasons) for row in plain.rows] == [
        (row.line_number, row.accepted, row.reasons) for row in other.rows
    ]
    assert (plain.batch.encoding, other.batch.encoding) == ("utf-8-sig", "gb18030")


@pytest.mark.both_databases
def test_a_file_that_breaks_in_the_middle_leaves_nothing(session):
    with pytest.raises(FileUnreadable):
        read_in(session, catalogue(LINES[0], 'beijing,"halb,x,1元/次,usage-based,1.0,https://a.example/7'))
    for table in (Listing, ImportBatch, ImportRow):
        assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_counted_remarks_put_refusals_first(session):
    result = read_in(session, catalogue(*LINES))
    found = queries.remarks(session, result.batch.id)
    levels = [remark["level"] for remark in found]
    assert levels == sorted(levels, reverse=True)
    assert {"field": "company", "code": "company.missing", "level": "notice", "count": 3} in found


def test_who_may_not_import_there_imports_nothing(session):
    for person in (base.supervisor("puer"), base.actor(Role.BUYER), base.actor(Role.AUDITOR, place="futian")):
        with pytest.raises(NotAllowed):
            read_in(session, catalogue(*LINES), person=person)


def test_a_batch_is_seen_by_its_organisation_and_by_the_authority_of_the_place(session):
    merchant = registry.make_merchant(session, place="futian")
    seller = base.acting_for(merchant, Role.MERCHANT)
    number = read_in(session, catalogue(*LINES), person=seller).batch.number
    assert queries.batch(session, seller, number).accepted == 4
    assert queries.batch(session, base.supervisor("futian"), number).refused == 5
    others = (base.supervisor("puer"), base.acting_for(registry.make_merchant(session, place="futian"), Role.MERCHANT))
    for person in others:
        with pytest.raises(queries.NoSuchBatch):
            queries.batch(session, person, number)


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["market_import_batch", "market_import_row"])
def test_what_was_imported_is_never_changed(session, table):
    read_in(session, catalogue(*LINES))
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text(f"DELETE FROM {table}"))
    session.rollback()


@pytest.mark.parametrize("place", ["xinchang", "guangzhou", "futian"])
def test_a_place_that_demands_a_venue_refuses_an_offer_without_one(session, place):
    product = registry.make_sellable(session, place=place)
    with pytest.raises(VenueMissing) as caught:
        make.make_listing(session, product, venue=None)
    assert (caught.value.rule, bool(caught.value.article)) == ("MKT-02", True)
    if place != "futian":
        with pytest.raises(VenueNotAllowed):
            make.make_listing(session, product, venue="另一交易所")
    assert make.make_listing(session, product).venue == make.VENUES[place]


@pytest.mark.parametrize("place", ["quzhou", "puer"])
def test_elsewhere_an_offer_needs_no_venue(session, place):
    assert make.make_listing(session, registry.make_sellable(session, place=place), venue=None).venue is None


def test_in_guangzhou_only_a_data_merchant_offers(session):
    product = registry.make_sellable(session, place="guangzhou")
    # the registry separates operator and merchant; here the record itself says "operator" to reach the second lock
    session.execute(
        sa.update(PartyCapacity)
        .where(PartyCapacity.party_id == product.owner_id)
        .values(capacity=Capacity.OPERATING_INSTITUTION)
    )
    with pytest.raises(commands.SellerNotAllowed, match="data_merchant") as caught:
        make.make_listing(session, product)
    assert caught.value.rule == "SEP-01"


def test_a_product_is_offered_once_by_its_seller_and_withdrawn_once(session):
    product = make.make_offer(session)
    with pytest.raises(commands.AlreadyListed):
        make.make_listing(session, product)
    listing = queries.of_product(session, product.id)
    stranger = base.acting_for(registry.make_merchant(session), Role.MERCHANT)
    with pytest.raises(NotAllowed):
        commands.withdraw(session, stranger, listing.id, now=make.SALE)
    commands.withdraw(session, registry.seller(product), listing.id, now=make.SALE)
    assert queries.count_by_place(session, now=make.SALE, book=make.LAW) == {}
    with pytest.raises(commands.AlreadyWithdrawn):
        commands.withdraw(session, registry.seller(product), listing.id, now=make.SALE)


def test_a_stranger_cannot_offer_the_product_of_somebody_else(session):
    product = registry.make_sellable(session)
    other = session.get_one(Party, registry.make_merchant(session).id)
    with pytest.raises(NotAllowed):
        commands.list_product(
            session, base.acting_for(other, Role.MERCHANT), product_id=product.id, summary="x", now=make.SALE,
            book=make.LAW, venue=make.VENUES["xinchang"],
        )  # fmt: skip
