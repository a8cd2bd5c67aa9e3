"""The language of share schedules: steps as plain data, read strictly, written back to the same text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.errors import DomainError
from kernel.money import ZERO, Exact, Money, decimal_text, total
from kernel.reading import Reader
from settlement.contributions.rules import shapley
from settlement.portions.rules import Shortage
from settlement.steps import BANDS_MAX, GAME_PLAYERS_MAX

NOTHING = Fraction(0)
WHOLE = Fraction(1)
TOGETHER = "+"  # between the players of a coalition


class StepKind(StrEnum):
    """What a step of a schedule takes."""

    FIXED = "fixed"  # an agreed amount
    RATE = "rate"  # a fraction of its base, cut down to the fen
    RECOVER = "recover"  # agreed costs still to be recovered, as far as the money goes
    POOL = "pool"  # a fraction of its base, divided by weights; everything left when no fraction is given
    REST = "rest"  # all that is left, odd fen included


class Base(StrEnum):
    """Of what a fraction is taken."""

    GROSS = "gross"  # what was paid
    NET_OF_REFUNDS = "net_of_refunds"
    NET_OF_TAX = "net_of_tax"  # paid, less refunds and output tax: what there is to divide
    LEFT = "left"  # what the steps before have left


class Over(StrEnum):
    """Over what an amount, its breakpoints and bounds are counted."""

    PERIOD = "period"  # each settlement by itself
    TERM = "term"  # all settlements under the schedule together: what earlier ones took is carried on


@dataclass(frozen=True, slots=True)
class Band:
    """A fraction that counts for the base up to a breakpoint; the last band has none."""

    portion: Fraction
    up_to: Money | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who takes what.

    ``weights`` names the parties; one party is a weight of 1. ``amount`` belongs to fixed and recover, ``portion`` or
    ``bands`` to rate and pool. ``floor`` and ``cap`` bound what the step takes, ``floors`` and ``caps`` what each of
    its parties takes of it, and never more than what is left is taken. ``claims`` are costs of several parties that
    one step recovers; ``game`` the values of coalitions whose Shapley values are the weights. ``starts`` and ``ends``
    are the first and last day on which the step counts. A cost that is ``in_cost_base`` is in the price already.
    """

    kind: StepKind
    weights: tuple[tuple[str, Fraction], ...]
    amount: Money = ZERO
    portion: Fraction = NOTHING
    base: Base = Base.NET_OF_TAX
    cap: Money | None = None
    floor: Money | None = None
    key: str = ""
    bands: tuple[Band, ...] = ()
    over: Over = Over.PERIOD
    floors: tuple[tuple[str, Money], ...] = ()
    caps: tuple[tuple[str, Money], ...] = ()
    claims: tuple[tuple[str, Money], ...] = ()
    shortage: Shortage = Shortage.PROPORTION
    game: tuple[tuple[str, Fraction], ...] = ()
    starts: date | None = None
    ends: date | None = None
    in_cost_base: bool = False

    def counts_on(self, day: date) -> bool:
        """Say whether the step is in force on a day."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)

    @property
    def is_dated(self) -> bool:
        """Say whether the step counts on some days only."""
        return self.starts is not None or self.ends is not None

    @property
    def most(self) -> Fraction:
        """The largest fraction of its base that the step may take."""
        return max((band.portion for band in self.bands), default=self.portion)

    def to_dict(self) -> dict[str, Any]:
        """Return the canonical writing, which ``read_step`` reads back to an equal step."""
        written: dict[str, Any] = {"key": self.key} if self.key else {}
        written |= {"kind": str(self.kind)} | self._who()
        if self.kind in (StepKind.FIXED, StepKind.RECOVER) and not self.claims:
            written["value"] = self.amount.text()
        if self.kind in (StepKind.RATE, StepKind.POOL):
            written |= self._portion() | {"base": str(self.base)}
        bounds = {"cap": self.cap, "floor": self.floor}
        written |= {name: bound.text() for name, bound in bounds.items() if bound is not None}
        for name, of_parties in (("floors", self.floors), ("caps", self.caps)):
            if of_parties:
                written[name] = {party: bound.text() for party, bound in of_parties}
        if self.over is not usual_over(self.kind):
            written["over"] = str(self.over)
        if self.shortage is not Shortage.PROPORTION:
            written["shortage"] = str(self.shortage)
        days = {"from": self.starts, "until": self.ends}
        written |= {name: day.isoformat() for name, day in days.items() if day is not None}
        return written | ({"in_cost_base": True} if self.in_cost_base else {})

    def _who(self) -> dict[str, Any]:
        if self.claims:
            return {"claims": {party: claim.text() for party, claim in self.claims}}
        if self.game:
            return {"shapley": {coalition: decimal_text(value) for coalition, value in self.game}}
        if len(self.weights) == 1 and self.weights[0][1] == WHOLE:
            return {"party": self.weights[0][0]}
        return {"weights": {party: decimal_text(weight) for party, weight in self.weights}}

    def _portion(self) -> dict[str, Any]:
        if not self.bands:
            return {"value": decimal_text(self.portion)}
        limits = [{} if band.up_to is None else {"up_to": band.up_to.text()} for band in self.bands]
        return {
            "bands": [
                limit | {"value": decimal_text(band.portion)} for limit, band in zip(limits, self.bands, strict=True)
            ]
        }


def usual_over(kind: StepKind) -> Over:
    """Return over what a step counts that does not say: agreed amounts once for all, fractions by each settlement."""
    return Over.TERM if kind in (StepKind.FIXED, StepKind.RECOVER) else Over.PERIOD


def read_step(row: Reader) -> Step:
    """Read one step; what is wrong is noted in the reader, whose owner closes it."""
    kind = row.choice("kind", StepKind)
    fields: dict[str, Any] = {"kind": kind, "key": row.text("key") if row.has("key") else ""}
    fields |= _read_parties(row, kind)
    if kind in (StepKind.FIXED, StepKind.RECOVER):
        fields["amount"] = total(claim for _, claim in fields["claims"]) if fields.get("claims") else row.money("value")
        fields["in_cost_base"] = row.has("in_cost_base") and row.flag("in_cost_base")
    elif kind in (StepKind.RATE, StepKind.POOL):
        fields |= _read_portion(row, kind)
    fields["over"] = row.choice("over", Over) if row.has("over") and kind is not StepKind.REST else usual_over(kind)
    row.ignore(*(key for key in ("key", "value", "base", "cap", "floor", "over", "from", "until") if not row.has(key)))
    fields |= _read_bounds(row, kind, [party for party, _ in fields["weights"]])
    step = Step(**fields)
    if step.cap is not None and step.floor is not None and step.floor > step.cap:
        row.complain("floor", "above_cap", "下限高于上限", "floor is above cap")
    row.leave()
    return step


def _read_portion(row: Reader, kind: StepKind) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if row.has("bands"):
        if row.has("value"):
            row.complain("bands", "twice", "value 与 bands 只能写一个", "give value or bands, not both")
            row.ignore("value")
        found["bands"] = tuple(_read_band(band) for band in row.children("bands", most=BANDS_MAX))
    elif kind is StepKind.POOL and not row.has("value"):
        found |= {"portion": WHOLE, "base": Base.LEFT}
    else:
        found["portion"] = _fraction(row)
    row.ignore("bands")
    if row.has("base"):
        found["base"] = row.choice("base", Base)
    return found


def _read_band(row: Reader) -> Band:
    band = Band(_fraction(row), row.money("up_to") if row.has("up_to") else None)
    row.ignore("up_to")
    row.leave()
    return band


def _fraction(row: Reader) -> Fraction:
    found = row.number("value")
    if found > WHOLE:
        row.complain("value", "portion_over_one", "比例不能超过 1", "a portion cannot be above 1")
    return found


def _read_bounds(row: Reader, kind: StepKind, parties: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind is not StepKind.REST:
        found |= {bound: row.money(bound) for bound in ("cap", "floor") if row.has(bound)}
        found |= {name: row.day(key) for key, name in (("from", "starts"), ("until", "ends")) if row.has(key)}
        if row.has("caps"):
            found["caps"] = _read_amounts(row, "caps", parties)
    if row.has("floors"):
        found["floors"] = _read_amounts(row, "floors", parties)
    if row.has("shortage"):
        found["shortage"] = row.choice("shortage", Shortage)
        if not row.has("claims") and not row.has("floors"):
            row.complain("shortage", "nothing_to_divide", "没有 claims 或 floors 时不写", "only with claims or floors")
    row.ignore(*(key for key in ("caps", "floors", "shortage", "in_cost_base") if not row.has(key)))
    caps = dict(found.get("caps", ()))
    for party, floor in found.get("floors", ()):
        if party in caps and floor > caps[party]:
            row.complain("floors", "above_cap", f"{party} 的下限高于上限", f"the floor of {party} is above its cap")
    return found


def _read_amounts(row: Reader, key: str, parties: list[str]) -> tuple[tuple[str, Money], ...]:
    child = row.child(key)
    found = tuple((party, child.money(party)) for party in sorted(child.keys()))
    for party, _ in found:
        if party not in parties:
            child.complain(party, "not_of_the_step", "该单位不在本步之列", "is not a party of this step")
    return found


def _read_parties(row: Reader, kind: StepKind) -> dict[str, Any]:
    ways = ["party", "weights"]
    ways += ["claims"] if kind is StepKind.RECOVER else []
    ways += ["shapley"] if kind is StepKind.POOL else []
    row.ignore(*ways)
    said = [way for way in ways if row.has(way)]
    if len(said) > 1:
        words = " 与 ".join(said)
        row.complain(said[-1], "twice", f"{words} 只能写一个", f"give one of {', '.join(said)}")
    if said == ["claims"] or (kind is StepKind.RECOVER and "claims" in said):
        child = row.child("claims")
        claims = tuple((party, child.money(party)) for party in sorted(child.keys()))
        return {"claims": claims, "weights": tuple((party, WHOLE) for party, _ in claims)}
    if "shapley" in said:
        return _read_game(row)
    if "weights" not in said:
        return {"weights": ((row.text("party"), WHOLE),)}
    weights = row.child("weights")
    found = tuple((party, weights.number(party)) for party in sorted(weights.keys()))
    if not any(weight for _, weight in found):
        row.complain("weights", "all_zero", "至少一方的权重大于零", "at least one weight must be above zero")
    return {"weights": found}


def _read_game(row: Reader) -> dict[str, Any]:
    child = row.child("shapley")
    game = {TOGETHER.join(sorted(key.split(TOGETHER))): child.number(key, signed=True) for key in sorted(child.keys())}
    players = sorted({player for key in game for player in key.split(TOGETHER)})
    if len(players) > GAME_PLAYERS_MAX:
        words = f"最多 {GAME_PLAYERS_MAX} 个参与方"
        row.complain("shapley", "too_many", words, f"at most {GAME_PLAYERS_MAX} players")
        return {"weights": tuple((player, WHOLE) for player in players)}
    values: Mapping[frozenset[str], Exact] = {frozenset(key.split(TOGETHER)): value for key, value in game.items()}
    try:
        weights = shapley(players, values)
    except DomainError as refusal:
        row.complain("shapley", "game_incomplete", refusal.detail.rstrip("。"), refusal.detail_en or "incomplete")
        return {"weights": tuple((player, WHOLE) for player in players)}
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        row.complain(
            "shapley", "share_negative", "夏普利值不能为负或全部为零", "a Shapley value is below zero, or all are"
        )
    return {"weights": tuple(weights.items()), "game": tuple(game.items())}
