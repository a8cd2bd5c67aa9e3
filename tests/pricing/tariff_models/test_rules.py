"""A tariff is read strictly: what makes no sense is refused by field, and what is written is read back equal."""

import pytest
from hypothesis import given

from kernel.reading import ENTRIES_MAX, Unreadable
from pricing.tariff_models.rules import ModelKind, TariffModel
from tests.pricing.rating.test_rules import TWO_BANDS, models

BANDS = [{"up_to": "10", "coefficient": "1"}, {"up_to": None, "coefficient": "0.5"}]
PACKS = [{"quantity": "20", "price": "4.20"}, {"quantity": "100", "price": "30.00"}]
PER_UNIT = {"model": "per_unit", "unit_price": "1"}
TABLE = {"model": "package_table", "packs": PACKS}
FALLING = {"model": "volume_coefficient", "unit_price": "1", "bands": BANDS}


@given(models())
def test_a_model_survives_being_written_and_read(model):
    assert TariffModel.from_dict(model.to_dict()) == model


@pytest.mark.parametrize(
    ("written", "pointer", "code"),
    [
        ({"model": "auction"}, "/model", "not_allowed"),
        ({}, "/model", "missing"),
        ({"model": "per_unit"}, "/unit_price", "missing"),
        ({"model": "per_unit", "unit_price": 0.5}, "/unit_price", "not_text"),
        ({"model": "per_unit", "unit_price": "1", "tiers": TWO_BANDS}, "/tiers", "unknown_key"),
        ({"model": "graduated", "tiers": []}, "/tiers", "not_a_list"),
        ({"model": "graduated", "tiers": TWO_BANDS[:1]}, "/tiers/0/up_to", "last_band_bounded"),
        ({"model": "volume", "tiers": TWO_BANDS[::-1]}, "/tiers/0/up_to", "open_band_not_last"),
        ({"model": "volume", "tiers": [TWO_BANDS[0], *TWO_BANDS]}, "/tiers/1/up_to", "not_rising"),
        ({"model": "volume", "tiers": [{**TWO_BANDS[0], "up_to": "0"}, TWO_BANDS[1]]}, "/tiers/0/up_to", "not_rising"),
        ({"model": "package", "package_size": "0", "package_price": "1"}, "/package_size", "not_whole"),
        ({"model": "package", "package_size": "1.5", "package_price": "1"}, "/package_size", "not_whole"),
        ({"model": "flat", "flat_fee": "1", "unit_price": "1"}, "/unit_price", "twice"),
        (
            {"model": "flat", "flat_fee": "1", "minimum_spend": "2", "maximum_spend": "1"},
            "/minimum_spend",
            "above_maximum",
        ),
    ],
)
def test_a_tariff_that_makes_no_sense_is_refused_by_field(written, pointer, code):
    with pytest.raises(Unreadable) as refusal:
        TariffModel.from_dict(written)
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in refusal.value.errors]


@pytest.mark.parametrize(
    ("written", "pointer", "code"),
    [
        ({**TABLE, "packs": []}, "/packs", "not_a_list"),
        ({**TABLE, "packs": PACKS[::-1]}, "/packs/1/quantity", "not_rising"),
        ({**TABLE, "packs": [PACKS[0], PACKS[0]]}, "/packs/1/quantity", "not_rising"),
        ({**TABLE, "packs": [{"quantity": "0", "price": "1"}]}, "/packs/0/quantity", "not_whole"),
        ({**TABLE, "packs": [{"quantity": "1.5", "price": "1"}]}, "/packs/0/quantity", "not_whole"),
        ({**TABLE, "packs": [{"quantity": "1", "price": "0.001"}]}, "/packs/0/price", "money.malformed"),
        ({**TABLE, "packs": [{**PACKS[0], "name": "x"}]}, "/packs/0/name", "unknown_key"),
        ({**TABLE, "packs": [{"quantity": str(n), "price": "1"} for n in range(1, 202)]}, "/packs", "too_many"),
        ({**TABLE, "free_units": "1"}, "/free_units", "unknown_key"),
        ({**TABLE, "waived_up_to": "1.00"}, "/waived_up_to", "not_with_packs"),
        ({**FALLING, "bands": BANDS[:1]}, "/bands/0/up_to", "last_band_bounded"),
        ({**FALLING, "bands": BANDS[::-1]}, "/bands/0/up_to", "open_band_not_last"),
        ({**FALLING, "bands": [{"up_to": None}]}, "/bands/0/coefficient", "missing"),
        ({**FALLING, "bands": [{"up_to": None, "coefficient": "-1"}]}, "/bands/0/coefficient", "money.not_a_number"),
        (
            {**FALLING, "bands": [{"up_to": None, "coefficient": "0.123456789"}]},
            "/bands/0/coefficient",
            "too_precise",
        ),
        ({**FALLING, "unit_price": None}, "/unit_price", "missing"),
        ({**PER_UNIT, "coefficients": {}}, "/coefficients/contribution", "missing"),
        ({**PER_UNIT, "coefficients": {"contribution": {}}}, "/coefficients/contribution", "empty"),
        ({**PER_UNIT, "coefficients": {"contribution": {" ": "1"}}}, "/coefficients/contribution", "not_allowed"),
        ({**PER_UNIT, "coefficients": {"contribution": {"A": 1}}}, "/coefficients/contribution/A", "not_text"),
        ({**PER_UNIT, "coefficients": {"volume": {"A": "1"}}}, "/coefficients/volume", "unknown_key"),
        ({**PER_UNIT, "coefficients": "A"}, "/coefficients", "not_an_object"),
        ({**PER_UNIT, "waived_up_to": "1.00", "maximum_spend": "1.00"}, "/waived_up_to", "above_maximum"),
        ({**PER_UNIT, "waived_up_to": "0.001"}, "/waived_up_to", "money.malformed"),
        ({"model": "graduated", "tiers": TWO_BANDS * 101}, "/tiers", "too_many"),
    ],
)
def test_packs_coefficients_and_waivers_that_make_no_sense_are_refused_by_field_in_both_languages(
    written, pointer, code
):
    with pytest.raises(Unreadable) as refusal:
        TariffModel.from_dict(written)
    found = {(error["pointer"], error["code"]): error for error in refusal.value.errors}
    assert (pointer, code) in found
    assert found[pointer, code]["message"]
    assert found[pointer, code]["message_en"].isascii()


def test_a_list_may_be_as_long_as_a_person_writes_it():
    packs = [{"quantity": str(number), "price": "1"} for number in range(1, ENTRIES_MAX + 1)]
    assert len(TariffModel.from_dict({**TABLE, "packs": packs}).packs) == ENTRIES_MAX


def test_a_canonical_model_holds_only_what_it_needs():
    assert TariffModel.from_dict({**TABLE, "packs": PACKS}).to_dict() == TABLE
    graded = {**PER_UNIT, "coefficients": {"contribution": {"B": "0.90", "A": "0.8"}}, "waived_up_to": "30"}
    assert TariffModel.from_dict(graded).to_dict() == {
        "model": "per_unit",
        "unit_price": "1",
        "waived_up_to": "30.00",
        "coefficients": {"contribution": {"A": "0.8", "B": "0.9"}},
    }


def test_the_dearest_grade_and_the_highest_coefficient_are_known():
    graded = TariffModel.from_dict({**FALLING, "coefficients": {"contribution": {"A": "0.8", "B": "1.2"}}})
    assert (graded.dearest_grade, str(graded.highest_coefficient)) == ("B", "6/5")
    plain = TariffModel(ModelKind.PER_UNIT)
    assert (plain.dearest_grade, plain.highest_coefficient) == (None, 1)
