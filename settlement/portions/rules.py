"""Dividing one amount between parties, exact to the fen: within floors and caps, and by claims if it is too little."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Invalid
from kernel.money import ZERO, Exact, Money, allocate, fraction, total
from settlement.portions import WEIGHT_PARTS

NOTHING = Fraction(0)
HALF = Fraction(1, 2)


class Shortage(StrEnum):
    """How the agreement divides an amount that does not cover all claims."""

    PROPORTION = "proportion"  # every claim by the same rate
    EQUAL = "equal"  # everybody the same, nobody more than claimed
    TALMUD = "talmud"  # half of each claim first as equal awards, then the losses equally (Aumann and Maschler)


class ClaimsUnusable(Invalid):
    """Claims that cannot divide an amount: none, a negative one, or together less than it."""

    code = "settlement.claims_unusable"
    title = "待分摊的应得金额无法使用"
    title_en = "The claims cannot be used"


class BoundsUnusable(Invalid):
    """Floors and caps that nobody can keep: a floor above its cap, or caps that do not take the amount."""

    code = "settlement.bounds_unusable"
    title = "各方上下限无法同时满足"
    title_en = "The bounds of the parties cannot be kept"


def parts_per_million(weights: Mapping[str, Exact]) -> dict[str, int]:
    """Return weights as whole parts of a million, by largest remainder; they add up to 1,000,000.

    Raises:
        WeightsUnusable: no weights, a negative one, or all zero.

    Source:
        H5: 权重以百万分之一计，合计 1,000,000.
    """
    return {party: part.fen for party, part in allocate(Money(WEIGHT_PARTS), weights).items()}


def normalised(weights: Mapping[str, Exact]) -> dict[str, Fraction]:
    """Return weights as exact fractions that add up to one, by id; all zero when they are all zero."""
    exact = {party: fraction(weight) for party, weight in sorted(weights.items())}
    whole = sum(exact.values(), NOTHING)
    return {party: Fraction(weight, whole) if whole else NOTHING for party, weight in exact.items()}


def by_claims(estate: Money, claims: Mapping[str, Money], method: Shortage) -> dict[str, Money]:
    """Divide an amount that may be too little between claims; nobody receives more than claimed.

    The exact awards of the method are rounded by largest remainder, equal remainders in order of id.

    Args:
        estate: what there is, at most the sum of the claims.
        claims: party → what it is owed.
        method: how a shortage is divided; it makes no difference when all claims are covered.

    Raises:
        ClaimsUnusable: an amount is negative, or there is more than all claims.

    Source:
        REV-02 names cost sharing without a method; the agreement states one.
    """
    owed = total(claims.values())
    if estate < ZERO or estate > owed or any(claim < ZERO for claim in claims.values()):
        raise ClaimsUnusable(
            f"{estate.text()} 元不能在合计 {owed.text()} 元的应得金额之间分摊：不能为负，也不能超过合计。",
            detail_en=f"{estate.text()} cannot be divided between claims of {owed.text()} together.",
        )
    exact = awards(Fraction(estate.fen), {party: Fraction(claim.fen) for party, claim in claims.items()}, method)
    return in_fen(estate, exact)


def in_fen(amount: Money, exact: Mapping[str, Fraction]) -> dict[str, Money]:
    """Round exact shares in fen that add up to the amount, by largest remainder; a share in whole fen stays."""
    return allocate(amount, exact) if amount else dict.fromkeys(sorted(exact), ZERO)


def awards(estate: Fraction, claims: Mapping[str, Fraction], method: Shortage) -> dict[str, Fraction]:
    """Return the exact awards of an estate between claims that it does not exceed."""
    owed = sum(claims.values(), NOTHING)
    if method is Shortage.PROPORTION or not owed:
        return {party: Fraction(estate * claim, owed) if owed else NOTHING for party, claim in sorted(claims.items())}
    if method is Shortage.EQUAL:
        return _equal_awards(estate, claims)
    halves = {party: claim * HALF for party, claim in claims.items()}
    half = sum(halves.values(), NOTHING)
    if estate <= half:
        return _equal_awards(estate, halves)
    losses = _equal_awards(owed - estate, halves)
    return {party: claim - losses[party] for party, claim in sorted(claims.items())}


def _equal_awards(estate: Fraction, claims: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Give everybody the same, but nobody more than claimed: the smallest claims are met first."""
    found, left, waiting = {}, estate, sorted(claims, key=lambda party: (claims[party], party))
    for position, party in enumerate(waiting):
        found[party] = min(claims[party], Fraction(left, len(waiting) - position))
        left -= found[party]
    return dict(sorted(found.items()))


def bounded(
    amount: Money, weights: Mapping[str, Exact], *, floors: Mapping[str, Money], caps: Mapping[str, Money],
    shortage: Shortage = Shortage.PROPORTION,
) -> dict[str, Fraction]:  # fmt: skip
    """Return the exact shares, in fen, of an amount by weights with every party between its floor and its cap.

    What a cap cuts off goes to the others by their weights, and what a floor adds comes from them. When the amount
    does not reach all floors, it is divided between them as claims.

    Raises:
        BoundsUnusable: a floor above its cap, a bound of somebody without a weight, or more than all caps take.
    """
    _must_be_possible(amount, weights, floors, caps)
    promised = {party: Fraction(floors[party].fen) if party in floors else NOTHING for party in weights}
    if amount.fen <= sum(promised.values(), NOTHING):
        return awards(Fraction(amount.fen), promised, shortage)
    return _settled_between(amount, {party: fraction(weight) for party, weight in weights.items()}, floors, caps)


def _must_be_possible(
    amount: Money, weights: Mapping[str, Exact], floors: Mapping[str, Money], caps: Mapping[str, Money]
) -> None:
    strangers = sorted((floors.keys() | caps.keys()) - weights.keys())
    crossed = sorted(party for party in floors.keys() & caps.keys() if floors[party] > caps[party])
    takers = {party for party, weight in weights.items() if fraction(weight)}
    is_too_much = takers <= caps.keys() and amount > total(caps[party] for party in takers)
    if strangers or crossed or is_too_much:
        names = "、".join(strangers or crossed) or "全部当事方"
        raise BoundsUnusable(
            f"{names}的上下限无法满足：须为本步列明的当事方，下限不高于上限，上限合计不少于 {amount.text()} 元。",
            detail_en="Bounds are for parties of the step, no floor above its cap, and the caps must take the amount.",
            rule="REV-02",
        )


def _settled_between(
    amount: Money, weights: Mapping[str, Fraction], floors: Mapping[str, Money], caps: Mapping[str, Money]
) -> dict[str, Fraction]:
    """Fix, round by round, whoever would break a bound at that bound, and divide what is left between the others."""
    low = {party: Fraction(floor.fen) for party, floor in floors.items()}
    high = {party: Fraction(cap.fen) for party, cap in caps.items()}
    fixed = {party: low.get(party, NOTHING) for party, weight in weights.items() if not weight}
    while True:
        free = {party: weight for party, weight in weights.items() if party not in fixed}
        left, whole = amount.fen - sum(fixed.values(), NOTHING), sum(free.values(), NOTHING)
        exact = {party: Fraction(left * weight, whole) for party, weight in free.items()}
        below = {party: low[party] for party in free if party in low and exact[party] < low[party]}
        above = {party: high[party] for party in free if party in high and exact[party] > high[party]}
        if not below and not above:
            return dict(sorted((fixed | exact).items()))
        missing = sum((low[party] - exact[party] for party in below), NOTHING)
        over = sum((exact[party] - high[party] for party in above), NOTHING)
        fixed |= (below if missing >= over else {}) | (above if over >= missing else {})
