"""The files that are shipped: complete, dated, cited, and saying of each place what its texts say."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from kernel.policy import PolicyBook, PolicyGap
from kernel.policy_files import read_files
from kernel.policy_part import PolicyPart
from market.policy import MarketPolicy
from pricing.policy import PricingPolicy
from registry.policy import RegistryPolicy
from settlement.policy import SettlementPolicy

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"
OVERLAYS = sorted((POLICIES / "overlays").glob("*.yaml"))
CASES = [
    (path.stem, case)
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
CODES = {"quzhou": "330800", "futian": "440304", "puer": "530800", "xinchang": "330624", "guangzhou": "440100"}
PARTS = (RegistryPolicy, PricingPolicy, MarketPolicy, SettlementPolicy)
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def law() -> PolicyBook:
    """What the texts give, and nothing else."""
    return PolicyBook.load(POLICIES)


@pytest.fixture(scope="module")
def demonstration() -> PolicyBook:
    """The texts, with the gaps filled for show."""
    return PolicyBook.load(POLICIES, OVERLAYS)


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{file}: {case['name']}" for file, case in CASES])
def test_worked_case(law: PolicyBook, demonstration: PolicyBook, file: str, case: dict[str, Any]):
    book = demonstration if case.get("demonstration") else law
    place, name, on = case.get("place", file), case["parameter"], case["date"]
    if "gap" in case:
        with pytest.raises(PolicyGap) as refusal:
            book.find(place, name, on=on)
        assert case["gap"] in refusal.value.detail
        assert book.place(place).title in refusal.value.detail
        return
    cited = book.find(place, name, on=on)
    assert cited.value == case["value"]
    assert cited.source.article == case["article"]
    assert cited.level == case.get("level", place)
    assert cited.is_overlay is case.get("demonstration", False)


def test_there_are_five_places_with_their_codes(law: PolicyBook):
    assert {place: law.place(place).code for place in law.places()} == CODES
    assert {law.place(place).as_of for place in law.places()} == {TODAY}


def test_each_value_is_dated_and_cites_act_article_evidence_and_rule():
    files = read_files(POLICIES)
    values = [value for profile in files.profiles.values() for dated in profile.values.values() for value in dated]
    assert values
    for value in values:
        assert value.value, value
        assert value.source.title, value
        assert value.source.number, value
        assert value.source.article, value
        assert value.source.rule, value
        assert value.source.evidence in {"V", "VS", "VP", "S", "I"}, value
        assert value.valid_from <= TODAY, value


def test_a_founding_document_is_evidence_only_for_its_own_place():
    for profile in read_files(POLICIES).profiles.values():
        evidence = {value.source.evidence for values in profile.values.values() for value in values}
        assert profile.key != "national" or "VS" not in evidence
        assert profile.key in {"national", "zhejiang"} or "V" not in evidence


def test_everything_registered_is_given_or_left_open_somewhere_and_used_by_a_package(law: PolicyBook):
    spoken_of = {
        name for profile in read_files(POLICIES).profiles.values() for name in (*profile.values, *profile.missing)
    }
    registered = {parameter.name for parameter in law.parameters()}
    assert registered - spoken_of == set()
    assert {name for part in PARTS for name in part.names().values()} == registered


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_each_part_can_be_read_at_each_place_today_and_on_every_first_day(part: type[PolicyPart], law: PolicyBook):
    for place in law.places():
        for on in (*law.milestones(place), TODAY):
            rules = part.at(law, place, on)
            read = {attribute: getattr(rules, attribute) for attribute in rules.names()}
            assert all(cited is None or cited.value for cited in read.values())


def test_nothing_applies_before_the_first_act_of_a_place(law: PolicyBook):
    for place in law.places():
        assert law.in_force(place, law.milestones(place)[0] - timedelta(days=1)) == []


def test_no_demonstration_value_reaches_a_book_without_overlays(law: PolicyBook):
    for place in law.places():
        assert not [cited.name for cited in law.in_force(place, TODAY) if cited.is_overlay]
        assert not [d.key for d in law.place(place).documents if d.status == "demonstration"]


def test_each_demonstration_value_says_what_it_is(law: PolicyBook, demonstration: PolicyBook):
    for place in demonstration.places():
        gaps = {absent.name for absent in law.absent(place, TODAY)}
        shown = [cited for cited in demonstration.in_force(place, TODAY) if cited.is_overlay]
        assert shown
        for cited in shown:
            assert cited.name in gaps
            assert (cited.source.title, cited.source.evidence) == ("演示用参数（非法规）", "I")
            assert cited.source.quote.startswith("演示：")


def test_the_demonstration_pays_public_institutions_at_one_place_only(demonstration: PolicyBook):
    payees = {
        place: SettlementPolicy.at(demonstration, place, TODAY).payee_public_institution is not None
        for place in demonstration.places()
    }
    assert [place for place, paid in payees.items() if paid] == ["guangzhou"]


def test_deemed_consent_and_operator_merchant_separation_exist_in_guangzhou_alone(law: PolicyBook):
    for place in law.places():
        is_guangzhou = place == "guangzhou"
        assert RegistryPolicy.at(law, place, TODAY).says("request_deemed_consent") is is_guangzhou
        assert MarketPolicy.at(law, place, TODAY).says("seller_operator_merchant_separation") is is_guangzhou


def test_no_place_has_a_default_share_of_revenue(law: PolicyBook):
    names = [parameter.name for parameter in law.parameters() if parameter.name.startswith("distribution.")]
    assert names == ["distribution.methods", "distribution.contribution_indices"]


def test_the_thirteen_and_twelve_items_are_all_there_at_every_place(law: PolicyBook):
    for place in law.places():
        assert len(law.find(place, "agreement.items_required", on=TODAY).items()) == 13
        assert len(law.find(place, "plan.items_required", on=TODAY).items()) == 12


def test_local_words_for_the_same_role(law: PolicyBook):
    words = {place: law.place(place).label("data_merchant", "") for place in law.places()}
    assert words["futian"] == "公共数据合作方"
    assert set(words.values()) == {"公共数据合作方", "数据商"}
    assert law.place("xinchang").label("operating_institution", "") == "授权运营主体"
    assert law.place("guangzhou").label("operating_institution", "") == "公共数据运营机构"


def test_places_whose_texts_may_be_superseded_say_so(law: PolicyBook):
    for place in ("quzhou", "xinchang"):
        assert any("2025-09-01" in words for words in law.place(place).superseded_by_check)
    assert all(law.place(place).superseded_by_check for place in ("futian", "puer", "guangzhou"))
