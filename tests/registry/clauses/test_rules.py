"""Contents and term of an agreement, with the rules of five places."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import NotAPeriod, add_months
from registry.clauses.rules import (
    ITEM_TITLES,
    AgreementItem,
    ItemsMissing,
    Term,
    TermLimits,
    TermNotAllowed,
    TermNotOver,
    TrialNotAllowed,
    UnknownItem,
    check_codes,
    check_expiry,
    check_items,
    check_term,
    missing_items,
    reapply_by,
    title_of,
)
from registry.policy import RegistryPolicy
from tests.make.registry_base import ITEMS, book

ON = date(2026, 7, 1)
PLACES = ("quzhou", "futian", "puer", "xinchang", "guangzhou")
XINCHANG = TermLimits(
    years_max=2, years_exact=2, trial_months_max=6, citation="新昌 三（四）", trial_citation="新昌 三（四）"
)
NATIONAL = TermLimits(years_max=5, citation="发改数据规〔2025〕27号 第十四条（二）")


def policy_of(place: str) -> RegistryPolicy:
    """The rules of a place on the day of these tests."""
    return RegistryPolicy.at(book(), place, ON)


@pytest.mark.parametrize("place", PLACES)
def test_the_thirteen_contents_of_the_national_act_are_demanded_at_every_place(place: str) -> None:
    required = policy_of(place).require("agreement_items_required")
    assert list(required.items()) == [item.value for item in AgreementItem]
    assert len(ITEM_TITLES) == 13
    check_items(ITEMS, required)


@given(st.sets(st.sampled_from(list(AgreementItem)), min_size=1), st.sampled_from(["", " ", "\n\t", None]))
def test_every_missing_or_blank_content_is_listed_and_no_other(lacking: set[AgreementItem], blank: str | None) -> None:
    required = policy_of("puer").require("agreement_items_required")
    items = {code: text for code, text in ITEMS.items() if code not in lacking}
    if blank is not None:
        items |= {item.value: blank for item in lacking}
    with pytest.raises(ItemsMissing) as refused:
        check_items(items, required)
    named = [error["pointer"] for error in refused.value.errors]
    assert named == [f"/items/{item.value}" for item in AgreementItem if item in lacking]
    assert f"尚缺 {len(lacking)} 项" in refused.value.detail
    assert refused.value.article == required.citation()


def test_contents_are_missing_in_the_order_of_the_act() -> None:
    assert missing_items({}, ["term", "liability", "other"]) == ("term", "liability", "other")
    assert missing_items({"term": "两年"}, ["term", "liability"]) == ("liability",)


def test_a_content_that_no_act_knows_is_refused() -> None:
    check_codes(["term"], None)
    with pytest.raises(UnknownItem, match="priec"):
        check_codes(["term", "priec"], policy_of("quzhou").agreement_items_required)


def test_a_local_content_is_shown_by_its_code() -> None:
    assert title_of("term") == "授权运营期限"
    assert title_of("local_thing") == "local_thing"


@pytest.mark.parametrize(
    ("place", "exact", "longest", "trial"),
    [("quzhou", None, 5, None), ("futian", None, 5, None), ("puer", None, 5, None), ("guangzhou", None, 5, None),
     ("xinchang", 2, 2, 6)],
)  # fmt: skip
def test_the_limits_of_each_place_are_read_from_the_book(
    place: str, exact: int | None, longest: int, trial: int | None
) -> None:
    policy = policy_of(place)
    limits = TermLimits.of(
        policy.agreement_term_years_max, policy.agreement_term_years_exact, policy.agreement_trial_months_max
    )
    assert (limits.years_exact, limits.years_max, limits.trial_months_max) == (exact, longest, trial)
    assert limits.citation


def test_the_example_of_xinchang_is_allowed_and_not_one_day_more() -> None:
    # trial 2026-01-01…06-30, formal 2026-07-01…2028-06-30 (AGR-02)
    term = Term(date(2026, 7, 1), date(2028, 7, 1), date(2026, 1, 1), date(2026, 7, 1))
    check_term(term, XINCHANG)
    for end in (date(2028, 6, 30), date(2028, 7, 2)):
        with pytest.raises(TermNotAllowed, match="2028-06-30"):
            check_term(Term(date(2026, 7, 1), end), XINCHANG)


@given(st.dates(date(2025, 3, 1), date(2040, 1, 1)), st.integers(1, 3000))
def test_a_term_is_allowed_exactly_up_to_five_years(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    if end <= add_months(start, 60):
        check_term(Term(start, end), NATIONAL)
    else:
        with pytest.raises(TermNotAllowed, match="不得超过 5 年"):
            check_term(Term(start, end), NATIONAL)


@pytest.mark.parametrize(
    ("trial_start", "trial_end", "words"),
    [(date(2026, 1, 1), None, "须同时填写"), (None, date(2026, 7, 1), "须同时填写"),
     (date(2025, 12, 31), date(2026, 7, 1), "不得超过 6 个月"), (date(2026, 3, 1), date(2026, 7, 2), "正式运营期之前")],
)  # fmt: skip
def test_a_trial_that_is_not_allowed_is_refused(trial_start: date | None, trial_end: date | None, words: str) -> None:
    with pytest.raises(TrialNotAllowed, match=words):
        check_term(Term(date(2026, 7, 1), date(2028, 7, 1), trial_start, trial_end), XINCHANG)


def test_a_place_without_a_rule_on_trials_has_none() -> None:
    with pytest.raises(TrialNotAllowed, match="没有另设试运营期的规定"):
        check_term(Term(date(2026, 7, 1), date(2028, 7, 1), date(2026, 6, 1), date(2026, 7, 1)), NATIONAL)


def test_a_term_that_ends_before_it_starts_is_no_period() -> None:
    with pytest.raises(NotAPeriod):
        check_term(Term(date(2026, 7, 1), date(2026, 7, 1)), NATIONAL)


def test_the_first_day_is_covered_and_the_end_is_not() -> None:
    term = Term(date(2026, 7, 1), date(2028, 7, 1), date(2026, 1, 1), date(2026, 6, 1))
    covered = [date(2026, 1, 1), date(2026, 5, 31), date(2026, 7, 1), date(2028, 6, 30)]
    assert all(term.covers(day) for day in covered)
    assert not any(
        term.covers(day) for day in (date(2025, 12, 31), date(2026, 6, 1), date(2026, 6, 30), date(2028, 7, 1))
    )


def test_the_file_is_closed_only_after_the_last_day() -> None:
    term = Term(date(2026, 7, 1), date(2028, 7, 1))
    check_expiry("AGR-2026-000001", term, date(2028, 7, 1))
    with pytest.raises(TermNotOver, match="2028-06-30"):
        check_expiry("AGR-2026-000001", term, date(2028, 6, 30))


def test_the_operator_applies_anew_three_months_before_the_last_day_of_the_term() -> None:
    term = Term(date(2026, 7, 1), date(2028, 7, 1), date(2026, 1, 1), date(2026, 7, 1))  # AGR-02: until 2028-06-30
    assert reapply_by(term, 3) == date(2028, 3, 30)
