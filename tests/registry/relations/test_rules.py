"""Chains of related parties: worked examples, and properties over any graph."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.relations.rules import (
    Edge,
    RelationKind,
    RelationRefused,
    check_edge,
    counts,
    path_words,
    paths,
    percent,
    share_words,
)
from tests.make import registry_base as make

A, B, C, D, E = (UUID(int=number) for number in range(1, 6))
NAMES = dict(zip((A, B, C, D, E), "甲乙丙丁戊", strict=True))
QUARTER = Decimal("0.25")

shares = st.decimals("0.01", 1, places=2)
edges = st.lists(
    st.builds(
        lambda number, ends, kind, share: Edge(
            UUID(int=number), *ends, kind, share if kind is RelationKind.SHARE else None
        ),
        st.integers(100, 10_000),
        st.lists(st.sampled_from((A, B, C, D, E)), min_size=2, max_size=2, unique=True),
        st.sampled_from(RelationKind),
        shares,
    ),
    max_size=12,
    unique_by=lambda edge: edge.id,
)


def edge(number: int, origin: UUID, target: UUID, kind: RelationKind, share: str | None = None) -> Edge:
    """One edge."""
    return Edge(UUID(int=number), origin, target, kind, Decimal(share) if share else None)


CONTROLS = edge(11, A, B, RelationKind.CONTROL)
TOGETHER = edge(12, B, C, RelationKind.COMMON_CONTROL)
HOLDS = edge(13, C, D, RelationKind.SHARE, "0.30")
BACK = edge(14, D, A, RelationKind.CONTROL)


def test_the_chain_is_shown_edge_by_edge() -> None:
    found = paths([CONTROLS, TOGETHER, HOLDS], A, QUARTER)
    assert found == {B: (CONTROLS,), C: (CONTROLS, TOGETHER), D: (CONTROLS, TOGETHER, HOLDS)}
    assert path_words(found[D], NAMES) == "甲 控制 乙；乙 与 丙 受同一控制；丙 持股 30% 丁"


def test_who_is_controlled_is_as_related_as_who_controls() -> None:
    assert paths([CONTROLS], B, None) == {A: (CONTROLS,)}


@pytest.mark.parametrize(
    ("share", "share_min", "wanted"),
    [("0.25", QUARTER, True), ("0.2499", QUARTER, False), ("1", None, False), ("0.51", Decimal(1), False)],
)
def test_a_share_counts_at_or_over_the_configured_ratio_and_never_without_one(
    share: str, share_min: Decimal | None, wanted: bool
) -> None:
    assert counts(edge(1, A, B, RelationKind.SHARE, share), share_min) is wanted


def test_shares_along_a_chain_are_not_multiplied() -> None:
    chain = [edge(1, A, B, RelationKind.SHARE, "0.30"), edge(2, B, C, RelationKind.SHARE, "0.30")]
    assert set(paths(chain, A, QUARTER)) == {B, C}


def test_a_circle_ends_and_the_shorter_way_is_given() -> None:
    found = paths([CONTROLS, TOGETHER, HOLDS, BACK], A, QUARTER)
    assert found[D] == (BACK,)
    assert set(found) == {B, C, D}


@given(edges, st.none() | shares)
def test_a_chain_leads_from_one_end_to_the_other_over_edges_that_count(
    graph: list[Edge], share_min: Decimal | None
) -> None:
    for target, chain in paths(graph, A, share_min).items():
        at = A
        for step in chain:
            assert counts(step, share_min)
            assert at in (step.from_id, step.to_id)
            at = step.other(at)
        assert at == target
        assert len({step.id for step in chain}) == len(chain)


@given(edges, st.none() | shares)
def test_relation_is_mutual_and_reaches_whom_the_related_reach(graph: list[Edge], share_min: Decimal | None) -> None:
    related = {one: set(paths(graph, one, share_min)) for one in NAMES}
    for one, others in related.items():
        assert one not in others
        for other in others:
            assert related[other] - {one} == others - {other}


@given(edges, shares)
def test_the_order_in_which_edges_are_read_changes_nothing(graph: list[Edge], share_min: Decimal) -> None:
    assert paths(graph, A, share_min) == paths(graph[::-1], A, share_min)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"to_id": A}, "/to_id"),
        ({"kind": RelationKind.SHARE}, "/share"),
        ({"kind": RelationKind.SHARE, "share": Decimal(0)}, "/share"),
        ({"kind": RelationKind.SHARE, "share": Decimal("1.01")}, "/share"),
        ({"share": Decimal("0.5")}, "/share"),
        ({"end": date(2026, 1, 1)}, "/until"),
    ],
)
def test_an_edge_that_says_nothing_is_refused(change: dict[str, object], pointer: str) -> None:
    right: dict[str, object] = {"from_id": A, "to_id": B, "kind": RelationKind.CONTROL, "share": None,
                                "start": date(2026, 1, 1), "end": None}  # fmt: skip
    check_edge(**right)
    with pytest.raises(RelationRefused) as refused:
        check_edge(**{**right, **change})
    assert refused.value.errors[0]["pointer"] == pointer


@pytest.mark.parametrize(("share", "words"), [("0.25", "25%"), ("1", "100%"), ("0.333333333", "33.3333333%")])
def test_a_share_is_written_exactly(share: str, words: str) -> None:
    assert percent(Decimal(share)) == words


def test_the_words_say_on_what_the_ratio_rests_or_that_there_is_none() -> None:
    on = date(2026, 7, 1)
    assert "不计入" in share_words(None)
    cited = make.book(demonstration=True).get("xinchang", "seller.related_party_equity_rate_min", on=on)
    assert "持股 25% 以上计入" in share_words(cited)
    assert make.book().get("xinchang", "seller.related_party_equity_rate_min", on=on) is None
