"""Venues: required where the place says so, the one of the place where it has one, or its other channel."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.money import Money
from market.policy import MarketPolicy
from market.venues.rules import (
    PublicChannelOnly,
    VenueMissing,
    VenueNotAllowed,
    VenueRule,
    check_venue,
    fits,
    must_fit_channel,
    venue_rule,
)
from tests.make import registry_base as base

OPEN = VenueRule(False, None, (), "")
NAMED = VenueRule(True, "广州数据交易所", (), "细则 五")
CHANNELS = VenueRule(True, None, ("public_interest", "data_exchange"), "起草说明 第五章")


@pytest.mark.parametrize(
    ("rule", "venue", "refusal"),
    [
        (OPEN, None, None),
        (OPEN, "任一数据交易所", None),
        (NAMED, "广州数据交易所", None),
        (NAMED, None, VenueMissing),
        (NAMED, "深圳数据交易所", VenueNotAllowed),
        (NAMED, "public_interest", VenueNotAllowed),
        (CHANNELS, None, VenueMissing),
        (CHANNELS, "public_interest", None),
        (CHANNELS, "深圳数据交易所", None),
    ],
)
def test_the_check_and_the_condition_agree_on_every_venue(rule, venue, refusal):
    assert fits(venue, rule) is (refusal is None)
    if refusal is None:
        check_venue(venue, rule)
    else:
        with pytest.raises(refusal) as caught:
            check_venue(venue, rule)
        assert caught.value.article == rule.citation


# rules.md, MKT-02: Guangzhou, Futian and Xinchang require a venue for paid orders; Quzhou and Pu'er do not
@pytest.mark.parametrize(
    ("place", "is_required", "name"),
    [
        ("guangzhou", True, "广州数据交易所"),
        ("futian", True, None),
        ("xinchang", True, "浙江大数据交易服务平台新昌专区"),
        ("quzhou", False, None),
        ("puer", False, None),
    ],
)
def test_the_policies_of_the_places_say_where_a_venue_is_required(place, is_required, name):
    rule = venue_rule(MarketPolicy.at(base.book(), place, date(2026, 7, 20)))
    assert (rule.is_required, rule.name) == (is_required, name)
    assert bool(rule.citation) is is_required


def test_nothing_is_sold_through_the_public_interest_channel():
    must_fit_channel("public_interest", Money(0))
    must_fit_channel("深圳数据交易所", Money.yuan("1.00"))
    must_fit_channel(None, Money.yuan("1.00"))
    with pytest.raises(PublicChannelOnly):
        must_fit_channel("public_interest", Money.yuan("0.01"))
