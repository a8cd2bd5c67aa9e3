"""How the book answers, tried on a made-up nation with one town that departs from it and one village that does not."""

from dataclasses import FrozenInstanceError, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kernel.policy import NoSuchPlace, PolicyBook, PolicyGap, UnknownParameter, describe
from kernel.policy_part import Named, PolicyPart

HERE = Path(__file__).parent
ON = date(2026, 6, 1)


@pytest.fixture(scope="module")
def book() -> PolicyBook:
    return PolicyBook.load(HERE / "sound")


@pytest.fixture(scope="module")
def shown() -> PolicyBook:
    return PolicyBook.load(HERE / "sound", [HERE / "sound_overlay.yaml"])


@dataclass(frozen=True)
class TownPolicy(PolicyPart):
    fee_cap = Named("fee.cap")
    gate_required = Named("gate.required")
    review_days = Named("days.review")


def test_a_place_that_says_nothing_inherits_with_the_level_named(book: PolicyBook):
    cap = book.find("village", "fee.cap", on=ON)
    assert (cap.value, cap.level, cap.place) == ("8.00", "nation", "village")
    assert cap.citation() == "国令〔2025〕1号 第一条（修正）"


@pytest.mark.parametrize(
    ("day", "value", "level"),
    [
        (date(2024, 1, 1), "9.00", "town"),
        (date(2025, 3, 1), "9.00", "town"),
        (date(2025, 12, 31), "9.00", "town"),
        (date(2026, 1, 1), "8.00", "nation"),
        (date(2030, 2, 28), "8.00", "nation"),
        (date(2030, 3, 1), "9.00", "town"),
    ],
)
def test_of_two_caps_the_smaller_applies_on_each_day(book: PolicyBook, day: date, value: str, level: str):
    cap = book.find("town", "fee.cap", on=day)
    assert (cap.value, cap.level) == (value, level)


def test_of_two_retentions_the_longer_applies_and_both_are_cited(book: PolicyBook):
    kept = book.find("town", "log.months", on=ON)
    assert (kept.integer(), kept.level) == (12, "town")
    assert [source.document for source in kept.sources] == ["town-1", "law-1"]


def test_prohibitions_add_up_without_repetition(book: PolicyBook):
    assert book.find("town", "acts.forbidden", on=ON).items() == ("resell", "leak", "bundle")
    assert book.find("town", "acts.forbidden", on=date(2025, 1, 1)).items() == ("leak", "bundle")


def test_what_every_level_must_permit_shrinks_when_the_nation_speaks(book: PolicyBook):
    before = book.find("town", "forms.permitted", on=date(2025, 2, 28))
    after = book.find("town", "forms.permitted", on=date(2025, 3, 1))
    assert (before.items(), before.level) == (("person", "firm"), "town")
    assert (after.items(), after.level) == (("firm",), "nation")


def test_a_permission_ends_when_one_level_withdraws_it(book: PolicyBook):
    assert book.find("town", "trial.allowed", on=date(2025, 12, 31)).boolean() is True
    withdrawn = book.find("town", "trial.allowed", on=date(2026, 1, 1))
    assert (withdrawn.boolean(), withdrawn.level) == (False, "town")


def test_a_duty_of_one_place_is_no_duty_elsewhere(book: PolicyBook):
    assert book.find("town", "gate.required", on=ON).boolean() is True
    assert book.get("village", "gate.required", on=ON) is None


def test_a_local_departure_ends_on_its_last_day_and_the_nation_applies_again(book: PolicyBook):
    assert book.find("town", "checker.first", on=date(2025, 12, 31)).value == "operator"
    assert book.find("town", "checker.first", on=date(2026, 1, 1)).value == "authority"


def test_a_value_is_read_exactly(book: PolicyBook):
    assert book.find("village", "fee.cap", on=date(2025, 3, 1)).decimal() == Decimal("10.00")
    assert book.find("village", "report.due", on=ON).month_day() == (3, 31)


def test_before_the_first_day_there_is_a_gap_that_names_it(book: PolicyBook):
    with pytest.raises(PolicyGap) as refusal:
        book.find("village", "fee.cap", on=date(2025, 2, 28))
    words = refusal.value.detail
    assert "某村在 2025-02-28 没有“收费上限”（fee.cap，规则 TST-01）的取值" in words
    assert "最早自 2025-03-01 起才有取值（国令〔2025〕1号 第一条），不得以其他日期的取值代替" in words
    assert (refusal.value.code, refusal.value.rule) == ("policy.gap", "TST-01")
    assert refusal.value.detail_en == "Village has no value for Fee cap (fee.cap) on 2025-02-28."


def test_after_an_act_has_lapsed_there_is_a_gap_that_says_so(book: PolicyBook):
    with pytest.raises(PolicyGap, match="最后的取值已于 2030-02-28 失效，不得继续沿用"):
        book.find("village", "log.months", on=date(2030, 3, 1))


def test_a_gap_left_by_the_texts_says_why_and_what_to_configure(book: PolicyBook):
    with pytest.raises(PolicyGap, match="没有写天数。请配置：在补充文件中写明天数") as refusal:
        book.find("village", "days.review", on=ON)
    assert refusal.value.errors[0]["parameter"] == "days.review"


def test_where_no_level_has_spoken_the_gap_names_the_file(book: PolicyBook):
    with pytest.raises(PolicyGap, match=r"该地及其上级文件均未规定。请配置：.*policies/village\.yaml"):
        book.find("village", "venue.name", on=ON)


def test_an_overlay_fills_a_gap_and_is_flagged(shown: PolicyBook):
    days = shown.find("town", "days.review", on=ON)
    assert (days.integer(), days.is_overlay, days.source.status, days.source.recalled) == (
        5,
        True,
        "demonstration",
        True,
    )
    assert shown.find("village", "venue.name", on=ON).is_overlay
    assert shown.get("village", "days.review", on=ON) is None


def test_an_overlay_leaves_everything_else_as_it_was(book: PolicyBook, shown: PolicyBook):
    for place in book.places():
        texts = {cited.name: cited for cited in book.in_force(place, ON)}
        assert {c.name: c for c in shown.in_force(place, ON) if not c.is_overlay} == texts


def test_in_force_and_absent_together_are_everything_expected_there(book: PolicyBook):
    assert [cited.name for cited in book.in_force("village", ON)] == [
        "fee.cap",
        "log.months",
        "acts.forbidden",
        "forms.permitted",
        "trial.allowed",
        "checker.first",
        "report.due",
    ]
    assert [absent.name for absent in book.absent("village", ON)] == ["days.review"]
    early = {absent.name: absent.why for absent in book.absent("village", date(2024, 6, 1))}
    assert early["report.due"] == "最早自 2025-03-01 起才有取值（国令〔2025〕1号 第九条），不得以其他日期的取值代替"


def test_a_place_has_its_code_its_levels_its_acts_and_its_own_words(book: PolicyBook):
    town, village = book.place("town"), book.place("village")
    assert (town.code, town.title, town.title_en, town.extends) == ("330999", "某镇", "Town", ("nation",))
    assert [document.key for document in town.documents] == ["town-1", "law-1"]
    assert (town.label("seller", "卖方"), village.label("seller", "?"), town.label("buyer", "?")) == (
        "合作方",
        "卖方",
        "买方",
    )
    assert town.label("nobody", "无名") == "无名"
    assert town.superseded_by_check == ("镇办法正式文本未查到",)


def test_milestones_are_the_days_on_which_something_begins(book: PolicyBook):
    assert book.milestones("village") == (date(2025, 3, 1), date(2026, 1, 1))
    assert book.milestones("town") == (date(2024, 1, 1), date(2025, 3, 1), date(2026, 1, 1))


def test_an_unknown_place_is_refused_and_an_unknown_name_is_a_bug(book: PolicyBook):
    with pytest.raises(NoSuchPlace, match="没有“nation”的政策文件；可用：town、village"):
        book.find("nation", "fee.cap", on=ON)
    with pytest.raises(UnknownParameter):
        book.find("town", "fee.floor", on=ON)


def test_nothing_in_an_answer_can_be_changed(book: PolicyBook):
    cap, town = book.find("town", "fee.cap", on=ON), book.place("town")
    for record, name in ((cap, "value"), (cap.source, "article"), (town, "title")):
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, "别的")
    with pytest.raises(TypeError):
        town.labels["seller"] = town.labels["buyer"]


def test_the_printed_rules_name_value_act_and_level_and_then_the_gaps(shown: PolicyBook):
    rows = {row.name: row for row in describe(shown, "village", ON)}
    cap, venue, days = rows["fee.cap"], rows["venue.name"], rows["days.review"]
    assert (cap.label, cap.value, cap.unit, cap.number) == ("收费上限", "8.00", "元", "国令〔2025〕1号")
    assert (cap.article, cap.evidence, cap.rule, cap.level) == ("第一条（修正）", "V", "TST-01", "nation")
    assert (venue.is_overlay, cap.is_overlay) == (True, False)
    assert (days.value, days.configure) == (None, "没有写天数；请配置：在补充文件中写明天数")
    assert list(rows)[-1] == "days.review"


def test_a_part_gives_values_refuses_what_it_must_have_and_reads_duties(book: PolicyBook):
    town, village = TownPolicy.at(book, "town", ON), TownPolicy.at(book, "village", ON)
    assert town.fee_cap is not None
    assert town.fee_cap.value == town.require("fee_cap").value == "8.00"
    assert (town.says("gate_required"), village.says("gate_required"), village.gate_required) == (True, False, None)
    with pytest.raises(PolicyGap, match="没有写天数"):
        town.require("review_days")
    assert dict(TownPolicy.names())["review_days"] == "days.review"


def test_a_part_refuses_unknown_names_unknown_places_and_being_set(book: PolicyBook):
    town = TownPolicy.at(book, "town", ON)
    for ask in (town.require, town.says):
        with pytest.raises(AttributeError, match="TownPolicy has no fee_floor"):
            ask("fee_floor")
    with pytest.raises(AttributeError):
        town.fee_cap = None
    with pytest.raises(NoSuchPlace):
        TownPolicy.at(book, "city", ON)
