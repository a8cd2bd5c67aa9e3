"""Dividing money between parties: schedules of steps, the waterfall, refunds, and who the payee is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.errors import Invalid
from kernel.money import ZERO, Exact, Money, allocate, decimal_text, floor_fen, total
from kernel.reading import Reader
from settlement.contributions.rules import GameKind as GameKind  # offered here beside split and waterfall
from settlement.contributions.rules import contribution as contribution
from settlement.contributions.rules import shapley as shapley

NOTHING = Fraction(0)
WHOLE = Fraction(1)


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


class ScheduleState(StrEnum):
    """Whether everybody named in a schedule has signed it; only then may it divide anything (REV-01)."""

    DRAFT = "draft"
    SIGNED = "signed"


class ScheduleInvalid(Invalid):
    """A share schedule that cannot divide everything, or that holds steps without effect."""

    code = "settlement.schedule_invalid"
    title = "分配方案有误"
    title_en = "The share schedule is not sound"


class NothingToDivide(Invalid):
    """The amounts handed in leave less than nothing to divide."""

    code = "settlement.nothing_to_divide"
    title = "可分配金额为负"
    title_en = "Less than nothing to divide"


class RefundExceedsHeld(Invalid):
    """More is to be given back than the parties together still hold."""

    code = "settlement.refund_exceeds_held"
    title = "退款超过各方所持金额"
    title_en = "The refund is more than the parties hold"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who takes what.

    ``weights`` names the parties; one party is a weight of 1. ``amount`` belongs to fixed and recover, ``portion`` to
    rate and pool. ``floor`` and ``cap`` bound what the step takes, and never more than what is left is taken.
    """

    kind: StepKind
    weights: tuple[tuple[str, Fraction], ...]
    amount: Money = ZERO
    portion: Fraction = NOTHING
    base: Base = Base.NET_OF_TAX
    cap: Money | None = None
    floor: Money | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the canonical writing, which ``Schedule.from_list`` reads back to an equal step."""
        written: dict[str, Any] = {"kind": str(self.kind)}
        if len(self.weights) == 1 and self.weights[0][1] == WHOLE:
            written["party"] = self.weights[0][0]
        else:
            written["weights"] = {party: decimal_text(weight) for party, weight in self.weights}
        if self.kind in (StepKind.FIXED, StepKind.RECOVER):
            written["value"] = self.amount.text()
        if self.kind in (StepKind.RATE, StepKind.POOL):
            written |= {"value": decimal_text(self.portion), "base": str(self.base)}
        written |= {
            name: bound.text() for name, bound in (("cap", self.cap), ("floor", self.floor)) if bound is not None
        }
        return written


@dataclass(frozen=True, slots=True)
class ScheduleFinding:
    """Something wrong with a schedule: ``step`` counts from 1, or is None for the whole."""

    code: str
    step: int | None
    message: str
    message_en: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """A share schedule (分配方案) as agreed: its steps in order, the last one takes the rest."""

    steps: tuple[Step, ...]

    @classmethod
    def from_list(cls, steps: object) -> "Schedule":
        """Read and check the steps as the API and the agreements write them.

        Raises:
            Unreadable: a field is missing, unknown or wrongly written.
            ScheduleInvalid: the steps do not make a sound schedule; every finding is named.
        """
        reader = Reader({"steps": steps})
        schedule = cls.read(reader)
        reader.close()
        return schedule.checked()

    @classmethod
    def read(cls, reader: Reader) -> "Schedule":
        """Read the key ``steps``; the owner of the reader closes it and then calls ``checked``."""
        return cls(tuple(_read_step(row) for row in reader.children("steps")))

    def to_list(self) -> list[dict[str, Any]]:
        """Return the canonical writing of the steps."""
        return [step.to_dict() for step in self.steps]

    def checked(self) -> "Schedule":
        """Return the schedule itself when it is sound.

        Raises:
            ScheduleInvalid: it is not; every finding is named.
        """
        findings = lint(self)
        if findings:
            raise ScheduleInvalid(
                "分配方案有误：" + "；".join(finding.message for finding in findings) + "。",
                detail_en="; ".join(finding.message_en for finding in findings),
                errors=[
                    {
                        "pointer": "/steps" if finding.step is None else f"/steps/{finding.step - 1}",
                        "code": finding.code,
                        "message": finding.message,
                        "message_en": finding.message_en,
                    }
                    for finding in findings
                ],
                rule="REV-02",
            )
        return self

    def parties(self) -> list[str]:
        """Return everybody who may receive something, in id order."""
        return sorted({party for step in self.steps for party, _ in step.weights})


@dataclass(frozen=True, slots=True)
class Poured:
    """What one step found, gave and left."""

    step: int
    inflow: Money
    out: dict[str, Money]
    left: Money


@dataclass(frozen=True, slots=True)
class Division:
    """What every party of a schedule receives, and how it came about."""

    shares: dict[str, Money]
    steps: tuple[Poured, ...]


class PayeeKind(StrEnum):
    """Where a party's money goes."""

    OWN_ACCOUNT = "own_account"
    TREASURY_NON_TAX = "treasury_non_tax"  # 非税收入, 国库集中收缴
    HELD = "held"  # until the rule is known


class PayeeReason(StrEnum):
    """Why it goes there."""

    ENTERPRISE = "ENTERPRISE"
    ADMINISTRATIVE_UNIT = "ADMINISTRATIVE_UNIT"
    INSTITUTION_RULE = "INSTITUTION_RULE"
    PAYEE_RULE_MISSING = "PAYEE_RULE_MISSING"


@dataclass(frozen=True, slots=True)
class Payee:
    """Where a party's money goes, and why."""

    kind: PayeeKind
    reason_code: PayeeReason


def lint(schedule: Schedule) -> list[ScheduleFinding]:
    """Return what is wrong with a schedule: missing or second rest, portions over one, steps that get nothing ever."""
    found = []
    rests = [number for number, step in enumerate(schedule.steps, start=1) if step.kind is StepKind.REST]
    if not rests:
        found.append(ScheduleFinding("rest_missing", None, "缺少取走余额的一步（rest）", "no step takes the rest"))
    found += [
        ScheduleFinding("rest_twice", number, f"第 {number} 步是第二个 rest", f"step {number} is a second rest")
        for number in rests[1:]
    ]
    ordered = sum((step.portion for step in schedule.steps if step.base is not Base.LEFT), NOTHING)
    if ordered > WHOLE:
        found.append(
            ScheduleFinding(
                "portions_over_one",
                None,
                f"各步比例合计 {decimal_text(ordered)}，超过 1",
                f"the portions add up to {decimal_text(ordered)}, more than 1",
            )
        )
    return found + _unreachable(schedule)


def _unreachable(schedule: Schedule) -> list[ScheduleFinding]:
    found, taken = [], NOTHING
    for number, step in enumerate(schedule.steps, start=1):
        if taken >= WHOLE and step.kind is not StepKind.REST:
            message = f"第 {number} 步之前已分完，该步永远得不到任何金额"
            found.append(ScheduleFinding("unreachable", number, message, f"step {number} can never get anything"))
        if step.kind is StepKind.REST:
            taken = WHOLE
        elif step.cap is None:
            taken += (WHOLE - taken) * step.portion if step.base is Base.LEFT else step.portion
    return found


def split(amount: Money, weights: Mapping[str, Exact]) -> dict[str, Money]:
    """Divide an amount by weights to the fen; largest remainder, equal remainders in order of party id.

    Raises:
        WeightsUnusable: no weights, a negative one, or all zero.

    Source:
        REV-03: 最大余额法，各行合计与可分配金额一致.
    """
    return allocate(amount, weights)


def waterfall(schedule: Schedule, gross: Money, *, refunds: Money = ZERO, tax: Money = ZERO) -> Division:
    """Pour what is left of a payment after refunds and tax through the steps of a schedule.

    The shares add up to ``gross - refunds - tax`` to the fen; nobody gets less than nothing.

    Raises:
        NothingToDivide: an amount is negative, or refunds and tax exceed what was paid.

    Source:
        REV-03; 27号 第十四条（七）: 收益分配机制由协议约定.
    """
    after_refunds = gross - refunds
    distributable = after_refunds - tax
    if min(gross, refunds, tax, distributable) < ZERO:
        raise NothingToDivide(
            f"实收 {gross.text()} 元，退款 {refunds.text()} 元，税额 {tax.text()} 元：可分配金额不能为负，请核对。",
            detail_en="Amounts must not be negative, and refunds and tax not exceed what was paid.",
        )
    bases = {Base.GROSS: gross, Base.NET_OF_REFUNDS: after_refunds, Base.NET_OF_TAX: distributable}
    shares = dict.fromkeys(schedule.parties(), ZERO)
    poured, left = [], distributable
    for number, step in enumerate(schedule.steps, start=1):
        taken = min(_wanted(step, bases.get(step.base, left), left), left)
        out = allocate(taken, dict(step.weights))
        for party, share in out.items():
            shares[party] += share
        poured.append(Poured(number, left, out, left - taken))
        left -= taken
    assert total(shares.values()) == distributable, "a checked schedule divides everything"
    return Division(shares, tuple(poured))


def _wanted(step: Step, base: Money, left: Money) -> Money:
    if step.kind is StepKind.REST:
        return left
    wanted = step.amount
    if step.kind in (StepKind.RATE, StepKind.POOL):
        wanted = floor_fen(base.exact_yuan() * step.portion)
    if step.floor is not None:
        wanted = max(wanted, step.floor)
    return wanted if step.cap is None else min(wanted, step.cap)


def refund(held: Mapping[str, Money], amount: Money) -> dict[str, Money]:
    """Return what each party gives back of a refund, in proportion to what it still holds.

    Nobody gives back more than it holds, and refunds that add up to the whole leave everybody at zero.

    Raises:
        RefundExceedsHeld: the refund is more than all of them hold.
        Invalid: an amount is negative.

    Source:
        REV-03 and A5: 退款按各方仍持有的份额分摊.
    """
    if amount < ZERO or any(share < ZERO for share in held.values()):
        raise Invalid("退款金额和各方所持金额不能为负数。", detail_en="Amounts cannot be negative.")
    holding = total(held.values())
    if amount > holding:
        raise RefundExceedsHeld(
            f"退款 {amount.text()} 元超过各方仍持有的 {holding.text()} 元。",
            detail_en=f"The refund {amount.text()} is more than the {holding.text()} that is held.",
        )
    if amount == ZERO:
        return dict.fromkeys(sorted(held), ZERO)
    return allocate(amount, {party: share.fen for party, share in held.items()})


def payee_for(party_kind: str, institution_rule: str | None) -> Payee:
    """Return where a party's money goes, by its legal kind.

    Args:
        party_kind: ``administrative_unit``, ``public_institution`` or ``enterprise``.
        institution_rule: what the local finance department decided for public institutions
            (``treasury_non_tax`` or ``own_account``), or None where nothing is configured.

    Raises:
        Invalid: the configured rule is none of the two.

    Source:
        REV-05: 行政单位的收入按非税收入上缴国库；事业单位按当地财政部门规定，未配置时暂挂.
    """
    if party_kind == "enterprise":
        return Payee(PayeeKind.OWN_ACCOUNT, PayeeReason.ENTERPRISE)
    if party_kind == "administrative_unit":
        return Payee(PayeeKind.TREASURY_NON_TAX, PayeeReason.ADMINISTRATIVE_UNIT)
    if party_kind != "public_institution" or institution_rule is None:
        return Payee(PayeeKind.HELD, PayeeReason.PAYEE_RULE_MISSING)
    if institution_rule not in (PayeeKind.OWN_ACCOUNT, PayeeKind.TREASURY_NON_TAX):
        raise Invalid(
            f"事业单位收款规则“{institution_rule}”无法识别，只能是 own_account 或 treasury_non_tax。",
            detail_en="The rule for public institutions must be own_account or treasury_non_tax.",
            rule="REV-05",
        )
    return Payee(PayeeKind(institution_rule), PayeeReason.INSTITUTION_RULE)


def _read_step(row: Reader) -> Step:
    kind = row.choice("kind", StepKind)
    fields: dict[str, Any] = {"kind": kind, "weights": _read_parties(row)}
    if kind in (StepKind.FIXED, StepKind.RECOVER):
        fields["amount"] = row.money("value")
    elif kind in (StepKind.RATE, StepKind.POOL):
        whole_pool = kind is StepKind.POOL and not row.has("value")
        fields |= {"portion": WHOLE, "base": Base.LEFT} if whole_pool else {"portion": row.number("value")}
        if fields["portion"] > WHOLE:
            row.complain("value", "portion_over_one", "比例不能超过 1", "a portion cannot be above 1")
        if row.has("base"):
            fields["base"] = row.choice("base", Base)
    row.ignore(*(key for key in ("value", "base", "cap", "floor") if not row.has(key)))
    for bound in ("cap", "floor"):
        if row.has(bound) and kind is not StepKind.REST:
            fields[bound] = row.money(bound)
    step = Step(**fields)
    if step.cap is not None and step.floor is not None and step.floor > step.cap:
        row.complain("floor", "above_cap", "下限高于上限", "floor is above cap")
    row.leave()
    return step


def _read_parties(row: Reader) -> tuple[tuple[str, Fraction], ...]:
    row.ignore("party", "weights")
    if row.has("party") and row.has("weights"):
        row.complain("weights", "twice", "party 与 weights 只能写一个", "give party or weights, not both")
    if not row.has("weights"):
        return ((row.text("party"), WHOLE),)
    weights = row.child("weights")
    found = tuple((party, weights.number(party)) for party in sorted(weights.keys()))
    if not any(weight for _, weight in found):
        row.complain("weights", "all_zero", "至少一方的权重大于零", "at least one weight must be above zero")
    return found
