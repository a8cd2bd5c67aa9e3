"""Leaves are salted, trees are those of RFC 6962, and no voucher stays outside."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kernel import merkle
from settlement.roots.rules import Tree, canonical, journal_since, salted, tree_over
from web.checker import chain

SALT = "ab" * 32
contents = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9) | st.none(), max_size=4)
years = st.dictionaries(st.sampled_from(["2025", "2026", "2027"]), st.integers(1, 99))


def test_known_roots_are_those_of_the_standard() -> None:
    """The example of Certificate Transparency's test data: seven leaves."""
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves = [merkle.leaf(bytes.fromhex(one)) for one in data]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves[:4]).hex() == "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    assert merkle.root(leaves).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"


@given(st.lists(contents, max_size=12))
def test_the_checker_finds_the_same_root(leaves: list[dict[str, object]]) -> None:
    tree = tree_over(leaves, SALT)
    assert tree.size == len(leaves)
    for name in merkle.HASHES:
        assert chain.root(tree.hashes[name], name).hex() == tree.root(name)


@given(contents, st.integers(0, 10**6), st.integers(0, 10**6))
def test_equal_leaves_at_two_places_have_unequal_hashes(leaf: dict[str, object], one: int, other: int) -> None:
    first, second = salted(leaf, SALT, one), salted(leaf, SALT, other)
    assert (first == second) == (one == other)
    assert {**first, "salt": 0} == {**leaf, "salt": 0}


@given(years, years)
def test_ranges_of_vouchers_follow_each_other_without_a_gap(first: dict[str, int], more: dict[str, int]) -> None:
    then = {year: first.get(year, 0) + more.get(year, 0) for year in first.keys() | more.keys()}
    before = journal_since({}, first)
    after = journal_since(before, then)
    assert all(start == 0 for start, _ in before.values())
    assert {year: start for year, (start, _) in after.items()} == {year: first.get(year, 0) for year in then}
    assert {year: end for year, (_, end) in after.items()} == then


@given(contents)
def test_canonical_text_is_one_for_equal_contents(content: dict[str, object]) -> None:
    turned = dict(reversed(content.items()))
    assert canonical(content) == canonical(turned)
    assert json.loads(canonical(content)) == content
    tree = Tree()
    tree.add(canonical(content))
    assert tree.path(0, 1) == {"sha256": [], "sm3": []}
