"""Plots: real text, the numbers' own bytes, and nothing that needs a script or another host."""

from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

from kernel import plots

SVG = "{http://www.w3.org/2000/svg}"


def words(drawn: bytes) -> set[str]:
    """Every text of a drawing."""
    root = ET.fromstring(drawn)  # noqa: S314 - our own drawing
    return {"".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")}


def year(revenue: str) -> bytes:
    """One line of two months under a ceiling."""
    points = [(date(2026, 1, 31), Decimal("100.50")), (date(2026, 2, 28), Decimal(revenue))]
    return plots.lines("累计收入", [plots.Line("实际", points)], unit="元", limits={"最高准许收入": Decimal(300)})


def test_a_plot_names_its_lines_limits_unit_and_title_in_text() -> None:
    assert {"累计收入", "实际", "最高准许收入", "元"} <= words(year("220"))


def test_the_same_numbers_give_the_same_bytes_and_others_do_not() -> None:
    assert year("220") == year("220")
    assert year("220") != year("221")


def test_a_plot_needs_no_script_and_no_other_host() -> None:
    root = ET.fromstring(year("220"))  # noqa: S314 - our own drawing
    assert not list(root.iter(f"{SVG}script"))
    assert not [key for one in root.iter() for key, value in one.attrib.items() if "href" in key and value[0] != "#"]


def test_bars_stand_side_by_side_for_every_name() -> None:
    drawn = plots.bars("各部门", ["甲", "乙"], {"现在": [1, 2], "调整后": [Decimal("1.5"), 0]}, unit="元")
    assert {"各部门", "甲", "乙", "现在", "调整后"} <= words(drawn)


def test_bars_of_counts_have_whole_numbers_at_the_axis() -> None:
    drawn = words(plots.bars("调用", ["1", "2"], {"次数": [0, 1]}, unit="次"))
    assert {"0", "1"} <= drawn
    assert not [word for word in drawn if "." in word]


def test_names_of_any_length_and_with_any_sign_leave_the_plot_its_room() -> None:
    long = "$\\frac 一家名称很长的数据经营单位" * 30
    for drawn in (
        plots.lines(long, [plots.Line(long, [("一月", 1), ("二月", 2)])], unit="元", limits={long: 3}),
        plots.bars(long, [long, f"二{long}"], {long: [1, 2]}, unit="次"),
        plots.cascade(long, (long, Decimal(3)), [(long, Decimal(1))], unit="元"),
    ):
        assert "一家名称很长".encode() in drawn
