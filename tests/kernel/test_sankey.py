"""Diagrams of flows: as high as the amounts, words as text, the same bytes every time."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from kernel.plots import HEIGHT, ROOM_OF_WORDS, TENTHS, THIN, Flow, sankey

FLOWS = [Flow("paid", "tax", 600), Flow("paid", "net", 9400), Flow("net", "a", 5640), Flow("net", "b", 3760)]
WORDS = {"paid": "收入", "tax": "税<&>", "net": "可分配", "a": "甲", "b": "乙"}
SVG = "{http://www.w3.org/2000/svg}"
flows = st.lists(
    st.builds(Flow, st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 10**15)), max_size=12
)  # fmt: skip


def drawn(given_flows: list[Flow]) -> ElementTree.Element:
    """Draw flows and read the drawing."""
    return ElementTree.fromstring(sankey("图", given_flows, words=WORDS, shown={}))  # noqa: S314 — we drew it


def heights(root: ElementTree.Element) -> list[Decimal]:
    """Return the heights of the bars from left to right and top to bottom."""
    return [Decimal(bar.attrib["height"]) for bar in root.iter(f"{SVG}rect")]


def test_bars_are_as_high_as_what_passes_through_them() -> None:
    paid, tax, net, first, second = heights(drawn(FLOWS))
    assert abs(paid - tax - net) <= 1
    assert abs(net - first - second) <= 1
    assert abs(first * 2 - second * 3) <= 1


def test_words_stay_text_whatever_is_in_them() -> None:
    words = "".join(drawn(FLOWS).itertext())
    for name in WORDS.values():
        assert name in words


def test_the_same_flows_give_the_same_bytes_and_none_give_an_empty_drawing() -> None:
    assert sankey("图", FLOWS, words=WORDS, shown={}) == sankey("图", list(FLOWS), words=WORDS, shown={})
    assert heights(drawn([])) == []
    assert heights(drawn([Flow("paid", "net", 0)])) == []


@given(flows)
def test_whatever_flows_everything_is_drawn_inside_the_picture(some: list[Flow]) -> None:
    root = drawn(some)
    _, _, width, height = (Decimal(part) for part in root.attrib["viewBox"].split())
    assert len(list(root.iter(f"{SVG}path"))) == sum(flow.amount > 0 for flow in some)
    for bar in root.iter(f"{SVG}rect"):
        top, high = Decimal(bar.attrib["y"]), Decimal(bar.attrib["height"])
        assert Decimal(THIN) / TENTHS <= high <= Decimal(HEIGHT) / TENTHS
        assert top + high <= height
        assert Decimal(bar.attrib["x"]) < width


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=14))
def test_no_words_lie_on_those_of_the_next_bar_and_what_is_too_small_says_them_when_pointed_at(
    sizes: list[int],
) -> None:
    root = drawn([Flow("paid", f"to {number}", size) for number, size in enumerate(sizes)])
    texts = [one for one in root.iter(f"{SVG}text") if "font-size" not in one.attrib]
    columns: dict[str, list[Decimal]] = {}
    for one in texts:
        columns.setdefault(one.attrib["x"], []).append(Decimal(one.attrib["y"]))
    for tops in columns.values():
        assert all(below - above >= 30 for above, below in pairwise(tops))
    small = [bar for bar in root.iter(f"{SVG}rect") if Decimal(bar.attrib["height"]) * TENTHS < ROOM_OF_WORDS]
    assert [len(bar.findall(f"{SVG}title")) for bar in small] == [1] * len(small)
    assert len(texts) + len(small) == len(sizes) + 1
