"""Only reviewed fields of a reviewed version are loaded, by the seller; the newest load is served."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from market.delivery import commands, queries
from market.delivery.model import DataSetRow
from market.delivery.rules import DataSetRefused
from registry.products import queries as products
from tests.make import market as make
from tests.make import registry_base as base
from tests.make import registry_products as registry

ROWS = [{"key": "A", "score": "712", "level": "A"}, {"key": "B", "subject_kind": "enterprise", "score": "650"}]


def load(session, product, content: bytes, *, person=None, name="rows.csv"):
    version = products.latest_version(session, product.id)
    return commands.load(
        session, person or registry.seller(product), version.id, file_name=name, content=content, book=base.book(),
        now=make.SALE,
    )  # fmt: skip


@pytest.mark.both_databases
def test_a_loaded_row_is_found_by_version_and_key_and_the_newest_load_replaces_the_one_before(session):
    product = registry.make_sellable(session)
    version = products.latest_version(session, product.id)
    make.load_data(session, product, ROWS)
    assert queries.look_up(session, version.id, "A").body == {"score": "712", "level": "A"}
    assert queries.look_up(session, version.id, "B").subject_kind == "enterprise"
    second = load(session, product, "key,score\r\nA,800\r\n".encode("utf-8-sig"))
    assert (second.sequence, queries.look_up(session, version.id, "A").body) == (2, {"score": "800"})
    assert queries.look_up(session, version.id, "B") is None
    assert [one.sequence for one in queries.loads(session, version.id)] == [2, 1]


def test_rows_of_a_version_that_was_not_reviewed_are_not_loaded_and_those_of_the_old_one_not_served_for_it(session):
    product = registry.make_sellable(session)
    make.load_data(session, product, ROWS)
    newer = registry.add_version(session, product, now=make.SALE)
    with pytest.raises(commands.NotReviewed):
        load(session, product, b"key,score\nA,1\n")
    assert queries.look_up(session, newer.id, "A") is None


@pytest.mark.both_databases
def test_a_field_that_nobody_reviewed_keeps_the_whole_file_out(session):
    product = registry.make_sellable(session)
    with pytest.raises(DataSetRefused, match="不在已审核版本的字段") as caught:
        load(session, product, b"key,score,identity_number\nA,1,330624199001010010\n")
    assert caught.value.rule == "RVW-06"
    assert session.scalar(sa.select(sa.func.count()).select_from(DataSetRow)) == 0


def test_only_the_seller_loads(session):
    product = registry.make_sellable(session)
    other = base.acting_for(registry.make_merchant(session), Role.MERCHANT)
    for person in (other, base.supervisor(), make.buyer_of(session)):
        with pytest.raises(NotAllowed):
            load(session, product, b"key,score\nA,1\n", person=person)


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["market_data_set", "market_data_set_row"])
def test_what_was_loaded_is_never_changed(session, table):
    make.load_data(session, registry.make_sellable(session), ROWS)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text(f"DELETE FROM {table}"))
    session.rollback()
