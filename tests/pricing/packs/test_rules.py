"""A quantity is covered in the cheapest way, and a package that others undercut is found, in real posted tables."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import Money, UnitPrice, round_half_up, total
from pricing.packs.rules import Pack, arbitrage, cheapest, headline_unit_price
from pricing.rating.rules import TariffModel, exact_price, rate
from tests.cases import cases, facts, name_of

TABLES = facts("package_tables")["tables"]
tables = st.dictionaries(st.integers(1, 50), st.integers(0, 10_000).map(Money), min_size=1, max_size=5).map(
    lambda found: [Pack(quantity, price) for quantity, price in sorted(found.items())]
)


def money(text):
    whole, _, part = text.partition(".")
    return Money.yuan(f"{whole}.{part[:2] or '0'}")


def packs_of(table):
    return [Pack(quantity, money(price)) for quantity, price, _ in facts("package_tables")["tables"][table]["packs"]]


ARBITRAGE = [case for case in cases("package_tables") if "cheaper" in case]
DISPLAYED = [case for case in cases("package_tables") if "unit_times_quantity" in case]


@pytest.mark.parametrize("case", ARBITRAGE, ids=name_of)
def test_a_package_that_smaller_ones_beat_is_found(case):
    found = next(entry for entry in arbitrage(packs_of(case["table"])) if entry.pack.quantity == case["buy"])
    assert found.pack.price == money(case["posted_price"])
    assert found.text() == case["cheaper"]
    assert found.cost == money(case["cheaper_cost"])


@pytest.mark.parametrize("table", ["dcloud-T1", "dcloud-T2", "dcloud-T3", "baidu-nlp"])
def test_no_other_package_of_a_posted_table_is_beaten(table):
    expected = [case["buy"] for case in ARBITRAGE if case["table"] == table]
    assert [entry.pack.quantity for entry in arbitrage(packs_of(table))] == expected


def test_a_mix_of_packages_and_a_larger_package_can_be_cheaper_too():
    mixed = [Pack(20, Money(400)), Pack(10, Money(300)), Pack(30, Money(800))]
    assert [entry.text() for entry in arbitrage(mixed)] == ["1 x pack of 20 + 1 x pack of 10"]
    assert [entry.text() for entry in arbitrage([Pack(10, Money(500)), Pack(20, Money(400))])] == ["1 x pack of 20"]
    with pytest.raises(Invalid):
        arbitrage([Pack(0, Money(1))])


@given(st.lists(st.builds(Pack, st.integers(1, 50), st.integers(0, 10_000).map(Money)), max_size=6))
def test_what_is_found_gives_at_least_as_much_for_less(packs):
    for found in arbitrage(packs):
        prices = {}
        for pack in packs:
            prices[pack.quantity] = min(pack.price.fen, prices.get(pack.quantity, pack.price.fen))
        assert sum(count * quantity for count, quantity in found.bought) >= found.pack.quantity
        assert sum(count * prices[quantity] for count, quantity in found.bought) <= found.cost.fen
        assert found.cost < found.pack.price


@pytest.mark.parametrize("case", DISPLAYED, ids=name_of)
def test_a_package_is_billed_at_its_price_and_not_at_the_rounded_unit_price(case):
    tariff = {"model": "package", "package_size": str(case["quantity"]), "package_price": case["printed_price"]}
    billed = rate(TariffModel.from_dict(tariff), Fraction(case["quantity"])).amount
    assert billed == money(case["printed_price"])
    displayed = UnitPrice.yuan(case["printed_unit_price"]).times(case["quantity"])
    assert displayed == Fraction(case["unit_times_quantity"])
    assert abs(billed.exact_yuan() - displayed) == Fraction(case["difference"])


@pytest.mark.parametrize("case", [case for case in cases("package_tables") if "printed_headline" in case], ids=name_of)
def test_the_headline_is_the_lowest_price_per_unit(case):
    shown = round_half_up(headline_unit_price(packs_of(case["table"])))
    assert f"{shown.text()}元/次" == case["printed_headline"]


def test_without_packages_there_is_no_headline():
    with pytest.raises(Invalid):
        headline_unit_price([])


def table_of(packs):
    written = [{"quantity": str(pack.quantity), "price": pack.price.text()} for pack in packs]
    return TariffModel.from_dict({"model": "package_table", "packs": written})


@pytest.mark.parametrize("name", TABLES)
def test_a_posted_quantity_costs_its_posted_price_or_what_undercuts_it(name):
    packs = sorted(packs_of(name), key=lambda pack: pack.quantity)
    undercut = {found.pack.quantity: found for found in arbitrage(packs)}
    for pack in packs:
        rated = rate(table_of(packs), Fraction(pack.quantity))
        found = undercut.get(pack.quantity)
        assert rated.amount == (pack.price if found is None else found.cost)
        assert rated.amount <= pack.price
        if found is not None:
            assert [(line.quantity, line.pack) for line in rated.lines] == list(found.bought)


@given(tables, st.integers(1, 400))
def test_what_is_bought_covers_the_quantity_and_is_paid_in_full(packs, wanted):
    bought, cost = cheapest(packs, wanted)
    prices = {pack.quantity: pack.price for pack in packs}
    assert sum(count * quantity for count, quantity in bought) >= wanted
    assert total(Money(count * prices[quantity].fen) for count, quantity in bought) == cost
    assert len(bought) <= 2


@given(tables, st.integers(1, 400))
def test_nothing_on_offer_is_cheaper_and_one_more_unit_never_costs_less(packs, wanted):
    _, cost = cheapest(packs, wanted)
    assert cost <= cheapest(packs, wanted + 1)[1]
    for first in packs:
        assert cost.fen <= ceil(Fraction(wanted, first.quantity)) * first.price.fen
        fitting, rest = divmod(wanted, first.quantity)
        for other in packs:
            assert cost.fen <= fitting * first.price.fen + ceil(Fraction(rest, other.quantity)) * other.price.fen


@given(tables, st.fractions(0, 400, max_denominator=20))
def test_a_begun_unit_of_a_package_table_counts_whole_and_nothing_costs_nothing(packs, quantity):
    expected = cheapest(packs, ceil(quantity))[1].exact_yuan() if quantity else 0
    assert exact_price(table_of(packs), quantity) == expected


def test_an_empty_table_or_no_quantity_covers_nothing():
    for packs, wanted in (([], 1), ([Pack(1, Money(1))], 0), ([Pack(0, Money(1))], 1)):
        with pytest.raises(Invalid):
            cheapest(packs, wanted)
