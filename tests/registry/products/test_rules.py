"""Who may sell, what names a version, and what the operator must not re-develop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.parties.rules import Capacity
from registry.products.rules import (
    ChangeKind,
    Involvement,
    RedevelopmentForbidden,
    Section,
    VersionFacts,
    bundling_words,
    content_sha256,
    difference,
    personal_fields,
    place_letters,
    refuse_redevelopment,
    seller_capacity,
)

BOTH = ("operating_institution", "data_merchant")
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize(
    ("held", "allowed", "capacity"),
    [
        ({Capacity.DATA_MERCHANT}, BOTH, Capacity.DATA_MERCHANT),
        ({Capacity.OPERATING_INSTITUTION}, BOTH, Capacity.OPERATING_INSTITUTION),
        ({Capacity.OPERATING_INSTITUTION}, ("data_merchant",), None),  # Guangzhou, SEP-01
        ({Capacity.BUYER, Capacity.SOURCE_DEPARTMENT}, BOTH, None),
        (set(), BOTH, None),
    ],
)
def test_a_seller_holds_a_capacity_that_the_place_admits(
    held: set[Capacity], allowed: tuple[str, ...], capacity: Capacity | None
) -> None:
    assert seller_capacity(held, allowed) is capacity


def test_a_refusal_shows_the_path_of_lineage_and_of_relations() -> None:
    refuse_redevelopment([], citation="27号 第六条")
    direct = Involvement(("XC-2026-000002", "XC-2026-000001"), "甲运营", "")
    with pytest.raises(RedevelopmentForbidden, match=r"本产品 ← XC-2026-000002 ← XC-2026-000001.*即本单位.*27号"):
        refuse_redevelopment([direct], citation="27号 第六条")
    with pytest.raises(RedevelopmentForbidden, match="甲运营 控制 乙公司"):
        refuse_redevelopment([replace(direct, relation="甲运营 控制 乙公司")], citation="27号 第六条")


names = st.sampled_from(["a", "b", "c", "d"])
versions = st.builds(
    VersionFacts, st.dictionaries(st.sampled_from(Section), st.dictionaries(names, texts, max_size=4), max_size=4)
)


@given(versions, versions)
def test_a_difference_turns_one_version_into_the_other(before: VersionFacts, after: VersionFacts) -> None:
    parts = {section: dict(before.parts.get(section, {})) for section in Section}
    for change in difference(before, after):
        if change.kind is ChangeKind.REMOVED:
            assert parts[change.section].pop(change.name) == change.before
        else:
            assert parts[change.section].get(change.name, "") == change.before
            parts[change.section][change.name] = change.after
    assert parts == {section: dict(after.parts.get(section, {})) for section in Section}


@given(versions, versions)
def test_a_version_does_not_differ_from_itself_and_a_difference_can_be_turned_round(
    before: VersionFacts, after: VersionFacts
) -> None:
    assert difference(before, before) == []
    turned = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}
    forth = {(one.section, turned.get(one.kind, one.kind), one.name) for one in difference(before, after)}
    assert forth == {(one.section, one.kind, one.name) for one in difference(after, before)}


def test_words_of_a_bundle_are_found_in_any_text() -> None:
    assert bundling_words("单独出售", "须同时购买甲产品，捆绑提供") == ["须同时购买", "捆绑"]
    assert bundling_words("单独出售") == []


def test_codes_begin_with_the_letters_of_the_place() -> None:
    letters = [place_letters(place) for place in ("quzhou", "futian", "puer", "xinchang", "guangzhou", "newplace")]
    assert letters == ["QZ", "FT", "PE", "XC", "GZ", "NE"]


@given(st.dictionaries(texts, texts, max_size=4))
def test_the_digest_depends_on_the_content_and_not_on_its_order(content: dict[str, str]) -> None:
    turned = dict(reversed(content.items()))
    assert content_sha256(content) == content_sha256(turned)
    assert content_sha256(content) != content_sha256({**content, "more": "…"})


def test_personal_fields_are_named_by_their_titles() -> None:
    fields = [{"name": "a", "title": "姓名", "personal": True}, {"name": "b", "personal": True}, {"name": "c"}]
    assert personal_fields(fields) == ["姓名", "b"]
