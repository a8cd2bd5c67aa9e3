"""Every fen of what is divided goes to somebody, as agreed, and a refund takes it back."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import ZERO, Money, WeightsUnusable, decimal_text, total
from kernel.reading import Unreadable
from settlement.splits.rules import (
    NothingToDivide,
    Payee,
    PayeeKind,
    PayeeReason,
    RefundExceedsHeld,
    Schedule,
    ScheduleInvalid,
    Step,
    StepKind,
    lint,
    payee_for,
    refund,
    split,
    waterfall,
)
from tests.cases import cases, name_of

REST = {"kind": "rest", "party": "z"}
amounts = st.integers(0, 10**12).map(Money)
parties = st.sampled_from("abcd")
whose = st.one_of(
    st.fixed_dictionaries({"party": parties}),
    st.fixed_dictionaries({"weights": st.dictionaries(parties, st.integers(1, 99).map(str), min_size=1)}),
)
fen = st.integers(0, 10**9).map(lambda amount: Money(amount).text())
portions = st.integers(0, 200).map(lambda thousandths: f"0.{thousandths:03d}")
bases = st.sampled_from(["gross", "net_of_refunds", "net_of_tax", "left"])


@st.composite
def steps(draw):
    kind = draw(st.sampled_from(["fixed", "recover", "rate", "pool"]))
    step = {"kind": kind, **draw(whose)}
    if kind in ("fixed", "recover"):
        step["value"] = draw(fen)
    else:
        step |= {"value": draw(portions), "base": draw(bases)}
    if draw(st.booleans()):
        low = draw(st.integers(0, 10**6))
        step |= {"floor": Money(low).text(), "cap": Money(low + draw(st.integers(0, 10**9))).text()}
    return step


schedules = st.lists(steps(), max_size=5).map(lambda upper: Schedule.from_list([*upper, REST]))


def case_of(identity):
    return next(case for case in cases("revenue_splits") if case["id"] == identity)


def shares_of(written, amount, **less):
    division = waterfall(Schedule.from_list(written), Money.yuan(amount), **less)
    return {party: share.text() for party, share in division.shares.items()}


def test_operator_source_pool_and_platform_share_as_in_the_worked_example():
    written = [
        {"kind": "rate", "party": "operator", "value": "0.60"},
        {"kind": "pool", "weights": {"bureau": "0.54875", "hospital": "0.45125"}, "value": "0.30"},
        {"kind": "rest", "party": "platform"},
    ]
    assert shares_of(written, "1000.00") == {
        "bureau": "164.63",
        "hospital": "135.37",
        "operator": "600.00",
        "platform": "100.00",
    }


def test_each_step_shows_what_it_found_gave_and_left():
    written = [
        {"kind": "recover", "party": "cost", "value": "30.00"},
        {"kind": "rate", "party": "op", "value": "0.5", "base": "left"},
        REST,
    ]
    division = waterfall(Schedule.from_list(written), Money.yuan("100.01"))
    shown = [(step.inflow.text(), step.left.text()) for step in division.steps]
    assert shown == [("100.01", "70.01"), ("70.01", "35.01"), ("35.01", "0.00")]
    assert division.steps[1].out == {"op": Money.yuan("35.00")}


def test_three_equal_parties_get_the_odd_fen_in_order_of_id():
    weights = {"c": 1, "b": 1, "a": 1}
    assert [share.text() for share in split(Money.yuan("100.00"), weights).values()] == ["33.34", "33.33", "33.33"]


def test_a_published_split_in_exact_decimals_is_met_within_a_fen_each():
    case = case_of("fiware-4way")
    found = split(Money.yuan(case["amount"]), {party: Fraction(each) for party, each in case["shares_percent"].items()})
    assert total(found.values()) == Money.yuan(case["amount"])
    for party, exact in case["expected"].items():
        assert abs(found[party].exact_yuan() - Fraction(exact)) < Fraction(1, 100)


PLAIN = ["moneyphp-1", "moneyphp-3", "dinero-500", "liberapay-2", "liberapay-3"]


@pytest.mark.parametrize("case", [case_of(name) for name in PLAIN], ids=name_of)
def test_divisions_printed_by_other_libraries_come_out(case):
    weights = {f"{position:02d}": Fraction(weight) for position, weight in enumerate(case["weights"])}
    if "amount" in case:
        amount, expected = Money.yuan(case["amount"]), [Money.yuan(text) for text in case["expected"]]
    else:
        amount, expected = Money(case["amount_minor_units"]), [Money(units) for units in case["expected_minor_units"]]
    assert list(split(amount, weights).values()) == expected


def test_where_a_library_serves_the_first_listed_we_serve_the_largest_remainder():
    case = case_of("formance-15-80-8-12")
    weights = {f"{position}": Fraction(part) for position, part in enumerate(case["parts"])}
    found = [share.fen for share in split(Money(case["amount_minor_units"]), weights).values()]
    assert found == [12, 1, 2] != case["expected_minor_units"]


def test_rates_are_cut_to_the_fen_and_the_rest_takes_the_odd_one():
    eighth = case_of("formance-100-rest-12.5")
    written = [{"kind": "rate", "party": "fee", "value": "0.125"}, {"kind": "rest", "party": "seller"}]
    found = waterfall(Schedule.from_list(written), Money(eighth["amount_minor_units"])).shares
    assert [found["seller"].fen, found["fee"].fen] == eighth["expected_minor_units"]
    halves = case_of("formance-15-half-half-rest")  # there the first half takes the odd unit; here the rest does
    written = [{"kind": "rate", "party": party, "value": "0.5"} for party in "ab"]
    found = waterfall(Schedule.from_list([*written, REST]), Money(halves["amount_minor_units"])).shares
    assert [found[party].fen for party in "abz"] == [7, 7, 1]


@pytest.mark.parametrize("case", [case for case in cases("revenue_splits") if "portion" in case], ids=name_of)
def test_a_portion_lies_between_nothing_and_all(case):
    text = case["portion"]
    exact = Fraction(text.rstrip("%")) * (Fraction(1, 100) if text.endswith("%") else 1)
    written = [{"kind": "rate", "party": "a", "value": decimal_text(exact)}, REST]
    if case["expected_valid"]:
        assert Schedule.from_list(written).steps[0].portion == exact
    else:
        with pytest.raises(Unreadable):
            Schedule.from_list(written)


@pytest.mark.parametrize("case", [case_of(f"fiware-invalid-{number}") for number in (1, 4, 5)], ids=name_of)
def test_percentages_below_nothing_or_above_all_are_refused(case):
    written = [
        {"kind": "rate", "party": party, "value": f"{Fraction(each).numerator}"}
        for party, each in case["shares_percent"].items()
        if Fraction(each) < 0 or Fraction(each) > 100
    ]
    with pytest.raises(Unreadable):
        Schedule.from_list([*written, REST])


def test_a_portion_of_nothing_is_allowed_and_gets_nothing():
    case = case_of("fiware-invalid-2")  # refused there; Formance accepts 0 %, and so do we
    assert case["shares_percent"]["owner"] == "0"
    assert shares_of([{"kind": "rate", "party": "owner", "value": "0"}, REST], "10") == {"owner": "0.00", "z": "10.00"}


def test_fees_fixed_amounts_and_percentages_of_payment_services_come_out():
    fee = case_of("paymongo-100")
    halves = [{"kind": "fixed", "party": "fee", "value": fee["fee"]}, {"kind": "rest", "weights": {"A": "1", "B": "1"}}]
    assert {"fee": "2.50", **fee["expected"]} == shares_of(halves, fee["gross"])
    fixed = case_of("airwallex-100")
    given_first = [{"kind": "fixed", "party": party, "value": value} for party, value in fixed["fixed"].items()]
    found = shares_of([*given_first, {"kind": "rest", "party": "platform"}], fixed["gross"])
    assert found == {party: f"{value}.00" for party, value in fixed["expected"].items()}
    percent = case_of("stitch-400")
    seventy = [{"kind": "rate", "party": "primary", "value": "0.7"}, {"kind": "rest", "party": "second"}]
    assert shares_of(seventy, percent["gross"]) == {p: f"{value}.00" for p, value in percent["expected"].items()}
    commission = case_of("mercur-item-shipping-total")
    tenth = [{"kind": "rate", "party": "commission", "value": "0.1"}, REST]
    assert shares_of(tenth, "150")["commission"] == f"{commission['expected']}.00"


def test_bases_differ_by_refunds_and_tax():
    bases_of = {"g": "gross", "r": "net_of_refunds", "t": "net_of_tax"}
    written = [{"kind": "rate", "party": party, "value": "0.1", "base": base} for party, base in bases_of.items()]
    found = shares_of([*written, REST], "106", refunds=Money.yuan("6"), tax=Money.yuan("10"))
    assert found == {"g": "10.60", "r": "10.00", "t": "9.00", "z": "60.40"}


def test_floor_and_cap_bound_a_step_and_what_is_left_bounds_both():
    bounded = {"kind": "rate", "party": "a", "value": "0.1", "floor": "5.00", "cap": "20.00"}
    for amount, expected in [("10", "5.00"), ("100", "10.00"), ("1000", "20.00"), ("3", "3.00")]:
        assert shares_of([bounded, REST], amount)["a"] == expected


def test_a_pool_without_a_portion_takes_all_that_is_left():
    pool = {"kind": "pool", "weights": {"a": "1", "b": "3"}}
    assert shares_of([{"kind": "fixed", "party": "f", "value": "6"}, pool, REST], "10") == {
        "a": "1.00",
        "b": "3.00",
        "f": "6.00",
        "z": "0.00",
    }


@settings(max_examples=300)
@given(schedules, amounts, st.fractions(0, 1), st.fractions(0, 1))
def test_shares_add_up_to_what_is_left_after_refunds_and_tax(schedule, gross, refunded, taxed):
    refunds = gross.times(refunded)
    tax = (gross - refunds).times(taxed)
    division = waterfall(schedule, gross, refunds=refunds, tax=tax)
    assert total(division.shares.values()) == gross - refunds - tax
    assert all(share >= ZERO for share in division.shares.values())
    assert all(total(step.out.values()) + step.left == step.inflow for step in division.steps)
    for step, poured in zip(schedule.steps, division.steps, strict=True):
        assert step.cap is None or total(poured.out.values()) <= step.cap


@given(schedules)
def test_a_schedule_survives_being_written_and_read(schedule):
    assert Schedule.from_list(schedule.to_list()) == schedule


@given(steps(), amounts, amounts)
def test_the_first_step_never_shrinks_when_there_is_more_to_divide(step, amount, more):
    schedule = Schedule.from_list([step, REST])
    before, after = (waterfall(schedule, size).steps[0].out for size in (amount, amount + more))
    assert total(before.values()) <= total(after.values())


def rate_to(party, value, **more):
    return {"kind": "rate", "party": party, "value": value, **more}


FIXED = {"kind": "fixed", "party": "f", "value": "1"}
POOL = {"kind": "pool", "weights": {"a": "1"}}


@pytest.mark.parametrize(
    ("written", "code", "pointer"),
    [
        ([rate_to("a", "0.5")], "rest_missing", "/steps"),
        ([REST, REST], "rest_twice", "/steps/1"),
        ([REST, FIXED], "unreachable", "/steps/1"),
        ([POOL, FIXED, REST], "unreachable", "/steps/1"),
        ([rate_to("a", "0.6"), rate_to("b", "0.6"), REST], "portions_over_one", "/steps"),
        ([rate_to("a", "1"), rate_to("b", "0.1", base="left"), REST], "unreachable", "/steps/1"),
    ],
)
def test_an_unsound_schedule_is_refused_with_its_step(written, code, pointer):
    with pytest.raises(ScheduleInvalid) as refusal:
        Schedule.from_list(written)
    assert (code, pointer) in [(error["code"], error["pointer"]) for error in refusal.value.errors]


def test_a_schedule_with_two_remaining_parts_is_refused_as_elsewhere():
    case = case_of("formance-invalid-two-remaining")
    rests = [part for part in case["parts"] if part == "remaining"]
    written = [{"kind": "rest", "party": f"{position}"} for position, _ in enumerate(rests)]
    with pytest.raises(ScheduleInvalid):
        Schedule.from_list(written)


def test_a_capped_step_leaves_the_following_ones_reachable():
    written = [{"kind": "rate", "party": "a", "value": "1", "cap": "5"}, {"kind": "fixed", "party": "b", "value": "1"}]
    assert lint(Schedule.from_list([*written, REST])) == []


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({"kind": "loan", "party": "a"}, "/steps/0/kind"),
        ({"kind": "fixed", "party": "a", "value": 5}, "/steps/0/value"),
        ({"kind": "fixed", "party": "a", "value": "5", "base": "gross"}, "/steps/0/base"),
        ({"kind": "rate", "value": "0.5"}, "/steps/0/party"),
        ({"kind": "rate", "party": "a", "weights": {"b": "1"}, "value": "0.5"}, "/steps/0/weights"),
        ({"kind": "pool", "weights": {"a": "0"}, "value": "0.5"}, "/steps/0/weights"),
        ({"kind": "rate", "party": "a", "value": "0.5", "base": "profit"}, "/steps/0/base"),
        ({"kind": "rate", "party": "a", "value": "0.5", "cap": "1", "floor": "2"}, "/steps/0/floor"),
        ({"kind": "rest", "party": "a", "value": "1"}, "/steps/0/value"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_by_field(step, pointer):
    with pytest.raises(Unreadable) as refusal:
        Schedule.from_list([step, REST])
    assert pointer in [error["pointer"] for error in refusal.value.errors]


@pytest.mark.parametrize(("gross", "refunds", "tax"), [(-1, 0, 0), (10, 11, 0), (10, 5, 6), (10, -1, 0), (10, 0, -1)])
def test_less_than_nothing_is_not_divided(gross, refunds, tax):
    schedule = Schedule((Step(StepKind.REST, (("z", Fraction(1)),)),))
    with pytest.raises(NothingToDivide):
        waterfall(schedule, Money(gross), refunds=Money(refunds), tax=Money(tax))


def test_a_split_needs_weights():
    with pytest.raises(WeightsUnusable):
        split(Money(1), {})


def test_a_partial_refund_takes_the_fee_back_in_proportion():
    case = case_of("square-refund-15")
    fee, gross = Money.yuan(case["app_fee"]), Money.yuan(case["gross"])
    found = refund({"fee": fee, "seller": gross - fee}, Money.yuan(case["refund"]))
    assert found["fee"] == Money.yuan(case["expected_app_fee_refund"])


@settings(max_examples=300)
@given(
    st.dictionaries(parties, amounts, min_size=1),
    st.lists(st.fractions(0, 1), max_size=12),
)
def test_refunds_that_add_up_to_the_whole_leave_everybody_at_zero(held, parts):
    for part in [*parts, Fraction(1)]:
        amount = total(held.values()).times(part)
        back = refund(held, amount)
        assert total(back.values()) == amount
        assert all(ZERO <= back[party] <= held[party] for party in held)
        held = {party: held[party] - back[party] for party in held}
    assert set(held.values()) == {ZERO}


def test_a_refund_is_neither_negative_nor_more_than_is_held():
    with pytest.raises(RefundExceedsHeld):
        refund({"a": Money(1)}, Money(2))
    for held, amount in [({"a": Money(1)}, Money(-1)), ({"a": Money(-1)}, ZERO)]:
        with pytest.raises(Invalid):
            refund(held, amount)


@pytest.mark.parametrize(
    ("party_kind", "rule", "payee"),
    [
        ("enterprise", None, Payee(PayeeKind.OWN_ACCOUNT, PayeeReason.ENTERPRISE)),
        ("administrative_unit", "own_account", Payee(PayeeKind.TREASURY_NON_TAX, PayeeReason.ADMINISTRATIVE_UNIT)),
        ("public_institution", None, Payee(PayeeKind.HELD, PayeeReason.PAYEE_RULE_MISSING)),
        ("public_institution", "own_account", Payee(PayeeKind.OWN_ACCOUNT, PayeeReason.INSTITUTION_RULE)),
        ("public_institution", "treasury_non_tax", Payee(PayeeKind.TREASURY_NON_TAX, PayeeReason.INSTITUTION_RULE)),
        ("association", None, Payee(PayeeKind.HELD, PayeeReason.PAYEE_RULE_MISSING)),
    ],
)
def test_the_legal_kind_of_a_party_decides_who_is_paid(party_kind, rule, payee):
    assert payee_for(party_kind, rule) == payee


@pytest.mark.parametrize("rule", ["held", "cash", ""])
def test_a_rule_for_public_institutions_names_an_account(rule):
    with pytest.raises(Invalid):
        payee_for("public_institution", rule)
