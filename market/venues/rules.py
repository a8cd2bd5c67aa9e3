"""Where a product may be traded: the trading venue of a place, or its public-interest channel."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import Conflict, Invalid
from kernel.money import Money
from market.policy import MarketPolicy

PUBLIC_INTEREST_CHANNEL = "public_interest"


class VenueMissing(Invalid):
    """Paid trade goes through a trading venue there, and none is named."""

    code = "listing.venue_missing"
    title = "缺少数据交易场所"
    title_en = "A trading venue is required"


class VenueNotAllowed(Invalid):
    """Another venue is named than the one of the place."""

    code = "listing.venue_not_allowed"
    title = "不是当地的数据交易场所"
    title_en = "Not a venue of that place"


@dataclass(frozen=True, slots=True)
class VenueRule:
    """What a place says about venues: whether one is needed, its name where named, the other channels, the article."""

    is_required: bool
    name: str | None
    channels: tuple[str, ...]
    citation: str


def fits(venue: str | None, rule: VenueRule) -> bool:
    """Say whether an offer through that venue may be shown (MKT-02): :func:`check_venue` as a condition."""
    if venue is None:
        return not rule.is_required
    if venue == PUBLIC_INTEREST_CHANNEL and venue in rule.channels:
        return True
    return not rule.is_required or rule.name is None or venue == rule.name


def check_venue(venue: str | None, rule: VenueRule) -> None:
    """Refuse an offer outside the channels of the place.

    Raises:
        VenueMissing: a venue is required and none is named.
        VenueNotAllowed: the place has a venue of its own and another one is named.

    Source:
        MKT-02.
    """
    if venue is None:
        if not rule.is_required:
            return
        words = f"请写明数据交易场所{f'（{rule.name}）' if rule.name else ''}"
        raise VenueMissing(
            f"当地有偿交易须在数据交易场所进行（{rule.citation}）；{words}",
            detail_en="Name the trading venue",
            rule="MKT-02",
            article=rule.citation,
            errors=[{"pointer": "/venue", "code": VenueMissing.code, "message": words}],
        )
    if venue == PUBLIC_INTEREST_CHANNEL and venue in rule.channels:
        return
    if rule.is_required and rule.name is not None and venue != rule.name:
        raise VenueNotAllowed(
            f"“{venue}”不是当地的数据交易场所，应为“{rule.name}”（{rule.citation}）",
            detail_en=f"The venue there is {rule.name}",
            rule="MKT-02",
            article=rule.citation,
            errors=[{"pointer": "/venue", "code": VenueNotAllowed.code, "message": rule.name}],
        )


def venue_rule(policy: MarketPolicy) -> VenueRule:
    """Return what the rules of a place say about venues on their day."""
    required, name, channels = policy.venue_required, policy.venue_name, policy.venue_channels
    return VenueRule(
        is_required=required is not None and required.boolean(),
        name=name.value if name is not None else None,
        channels=channels.items() if channels is not None else (),
        citation=required.citation() if required is not None else "",
    )


class PublicChannelOnly(Conflict):
    """Through the public-interest channel nothing is sold."""

    code = "order.public_channel_only"
    title = "该产品仅面向公益提供"
    title_en = "Offered in the public interest only"


def must_fit_channel(venue: str | None, amount: Money) -> None:
    """Refuse a paid purchase of a product that is offered through the public-interest channel only.

    Raises:
        PublicChannelOnly: the amount is above 0.00 there.

    Source:
        MKT-02.
    """
    if venue == PUBLIC_INTEREST_CHANNEL and amount:
        raise PublicChannelOnly(
            "该产品通过公益性渠道提供，不能有偿购买；请以公共治理或公益事业用途申请免费使用",
            detail_en="Ask for free use in the public interest",
            rule="MKT-02",
        )
