"""A disclosure holds what the form asks for, and goes its way step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from registry.disclosures.rules import (
    EVENT_TITLES,
    STATE_TITLES,
    TRANSITIONS,
    Authorization,
    CapFigure,
    DataDepartment,
    DisclosureEvent,
    DisclosureState,
    FeeFigure,
    Figures,
    Incomplete,
    Institution,
    ProductLine,
    ResourceLine,
    SecondPersonNeeded,
    Side,
    WrongState,
    YearNotOver,
    after,
    assembled,
    check_second_person,
    check_year,
    possible,
)

INSTITUTION = Institution("鼓山中路1号", "312500", "data@example.cn", "0575-0000000")
DEPARTMENT = DataDepartment("新昌县数据局", "张某", "0575-0000001")
LINE = Authorization(
    "AGR-1", "by_scenario", "新昌县数据局", "1", "新昌数科", "2", date(2025, 7, 1), date(2027, 6, 30),
    (ResourceLine("R-1", "企业登记", "CONF-1"), ResourceLine("R-2", "不动产")),
    (ProductLine("P-1", "信用评分", "api", "贷前核验", "330624-2025-000001-S"),
     ProductLine("P-2", "画像", "file", "招商")),
)  # fmt: skip
FIGURES = Figures(
    caps=(CapFigure("P-1", "per_use", "0.80", date(2025, 8, 1), "报告1号"),
          CapFigure("P-9", "per_use", "9.00", date(2025, 8, 1), "报告9号")),
    fees=(FeeFigure("P-1", "per_use", "0.75", "gov_guided", date(2025, 8, 1), "TAR-1"),), revenue_fen=100,
)  # fmt: skip


def make_content(side: Side, **changes: object) -> dict[str, Any]:
    """The disclosure of a side, but for the changes."""
    fields = {"name": "机构", "uscc": "91", "institution": INSTITUTION, "department": DEPARTMENT,
              "authorizations": [LINE], "figures": FIGURES, **changes}  # fmt: skip
    return assembled(side, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "event"), list(product(DisclosureState, DisclosureEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: DisclosureState, event: DisclosureEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        with pytest.raises(WrongState, match=STATE_TITLES[state]):
            after(state, event)
    assert set(EVENT_TITLES) == set(DisclosureEvent)


def test_the_implementing_side_discloses_authorizations_and_caps() -> None:
    content = make_content(Side.IMPLEMENTING)
    assert content["institution"]["postcode"] == "312500"
    (line,) = content["authorizations"]
    assert line["operator"] == {"name": "新昌数科", "uscc": "2"}
    assert (line["first_day"], line["last_day"], line["mode"]) == ("2025-07-01", "2027-06-30", "by_scenario")
    assert [(one["code"], one["registration_status"]) for one in line["resources"]] == [
        ("R-1", "registered"), ("R-2", "to_be_registered"),
    ]  # fmt: skip
    assert [cap["amount"] for cap in line["fee_caps"]] == ["0.80"]  # not the cap of somebody else's product
    assert content["revenue_fen"] is None


def test_the_operating_side_discloses_products_with_fees() -> None:
    content = make_content(Side.OPERATING)
    (line,) = content["authorizations"]
    assert line["implementing_institution"]["name"] == "新昌县数据局"
    one, other = line["products"]
    assert (one["registration_status"], one["fees"][0]["amount"]) == ("registered", "0.75")
    assert (other["registration_status"], other["fees"]) == ("to_be_registered", [])
    assert content["data_department"]["contact"] == "张某"
    assert content["revenue_fen"] == 100


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(Incomplete) as refused:
        make_content(Side.OPERATING, institution=replace(INSTITUTION, email=" ", phone=""),
                     department=replace(DEPARTMENT, unit=""), authorizations=[replace(LINE, mode="x")])  # fmt: skip
    assert {error["pointer"] for error in refused.value.errors} == {
        "/institution/email", "/institution/phone", "/data_department/unit", "/authorization_modes/AGR-1",
    }  # fmt: skip
    with pytest.raises(Incomplete):
        make_content(Side.OPERATING, authorizations=[])


def test_a_year_is_disclosed_when_it_is_over_and_by_two_people() -> None:
    check_year(2025, date(2026, 1, 1))
    with pytest.raises(YearNotOver):
        check_year(2025, date(2025, 12, 31))
    person = uuid4()
    check_second_person("DSC-1", person, uuid4())
    with pytest.raises(SecondPersonNeeded):
        check_second_person("DSC-1", person, person)
