"""A record means the same after it has travelled, and whoever changes it on the way is found out."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.interchange.rules import (
    DigestDiffers,
    FieldRecord,
    PriceRecord,
    ProductRecord,
    RecordUnreadable,
    SourceRecord,
    dataset,
    digest,
    document,
    in_order,
    record_of,
)

BASE = "https://huiyi.example"
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
prices = st.builds(
    PriceRecord, number=text, charge_unit=text, unit_price_max=st.just("0.80"), cap=st.none() | text, regime=text,
    buyer_class=st.none() | text, model=st.dictionaries(text, text | st.integers() | st.none(), max_size=2),
)  # fmt: skip
records = st.builds(
    ProductRecord, code=text, place=text, title=text, description=text, scenario=text, domain=text, delivery_form=text,
    source_statement=text, seller_uscc=text, seller_name=text, version=text, content_sha256=text,
    certificate=st.none(), valid_until=st.none(),
    fields=st.lists(st.builds(FieldRecord, text, text, text), max_size=3).map(tuple),
    sources=st.lists(st.builds(SourceRecord, text, text, text), max_size=3, unique_by=lambda one: one.code).map(tuple),
    prices=st.lists(prices, max_size=3, unique_by=lambda one: one.number).map(tuple),
)  # fmt: skip
RECORD = ProductRecord(
    code="XC-2026-000001", place="xinchang", title="企业信用核验", description="核验", scenario="贷前", domain="金融",
    delivery_form="interface", source_statement="市场监管", seller_uscc="91330624MA0000000X", seller_name="数据商示例",
    version="1", content_sha256="ab" * 32, certificate="3306240000000001", valid_until="2028-06-30",
    fields=(FieldRecord("uscc", "统一社会信用代码", "text"),), sources=(SourceRecord("R-1", "企业登记", "数源部门"),),
    prices=(PriceRecord("TAR-1", "per_use", "0.80", "1.00", "market", None, {"kind": "per_use", "price": "0.80"}),),
)  # fmt: skip


def travelled(record: ProductRecord) -> dict[str, Any]:
    """The record as another platform gets it."""
    read: dict[str, Any] = json.loads(json.dumps(document(dataset(record, BASE))))
    return read


@given(records)
def test_a_record_that_travelled_has_the_digest_that_it_had(record: ProductRecord) -> None:
    read = record_of(travelled(record))
    assert in_order(read) == in_order(record)
    assert digest(read) == digest(record)


def test_a_certificate_and_its_end_travel_too() -> None:
    assert record_of(travelled(RECORD)) == RECORD


def test_the_order_of_sources_and_prices_means_nothing() -> None:
    more = replace(RECORD, sources=(*RECORD.sources, SourceRecord("R-0", "信用", "数源部门")))
    assert digest(more) == digest(replace(more, sources=more.sources[::-1]))


def leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every text in a document."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in leaves(inner, (*way, key))]
    if isinstance(value, list):
        return [found for place, inner in enumerate(value) for found in leaves(inner, (*way, place))]
    return [way] if isinstance(value, str) else []


MEANT = (
    "dct:title", "dct:description", "dct:identifier", "huiyi:scenario", "dcat:version", "csvw:tableSchema",
    "prov:wasDerivedFrom", "huiyi:recordDigest",
)  # fmt: skip
WAYS = [
    way for way in leaves(travelled(RECORD)) if way[0] in MEANT and way[-1] not in ("@type", "@language", "@id")
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "/".join(map(str, way)))
def test_a_change_on_the_way_is_found_out(way: tuple[Any, ...]) -> None:
    body = travelled(RECORD)
    inner = body
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] += "0"
    with pytest.raises(DigestDiffers):
        record_of(body)


def test_a_lowered_price_is_found_out() -> None:
    body = travelled(RECORD)
    duty = body["odrl:hasPolicy"]["odrl:permission"][0]["odrl:duty"][0]
    duty["odrl:action"]["odrl:refinement"][0]["odrl:rightOperand"]["@value"] = "0.08"
    with pytest.raises(DigestDiffers):
        record_of(body)


@pytest.mark.parametrize("missing", [key for key in travelled(RECORD) if key not in (
    "@context", "@id", "@type", "dcat:keyword", "dct:accessRights", "dcat:landingPage", "adms:identifier",
)])  # fmt: skip
def test_what_lacks_a_part_is_no_record(missing: str) -> None:
    body = travelled(RECORD)
    del body[missing]
    with pytest.raises(RecordUnreadable):
        record_of(body)


@pytest.mark.parametrize("odd", [None, 7, [], {}, "文", "\x00", "\ud800", True, [[]], {"@value": {}}])
@pytest.mark.parametrize(
    "part", ["dct:title", "dcat:distribution", "odrl:hasPolicy", "csvw:tableSchema", "dct:spatial"]
)
def test_odd_parts_are_refused_with_words(part: str, odd: Any) -> None:
    body = copy.deepcopy(travelled(RECORD))
    body[part] = odd
    with pytest.raises((RecordUnreadable, DigestDiffers)):
        record_of(body)
    body = copy.deepcopy(travelled(RECORD))
    body["dct:title"]["@value"] = odd
    with pytest.raises((RecordUnreadable, DigestDiffers)):
        record_of(body)
