"""Dividing money between parties: schedules of steps, the waterfall, refunds, and who the payee is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.errors import Invalid
from kernel.money import ZERO, Exact, Money, allocate, decimal_text, total
from kernel.reading import ENTRIES_MAX, Reader
from settlement.contributions.rules import GameKind as GameKind  # offered here beside split and waterfall
from settlement.contributions.rules import contribution as contribution
from settlement.contributions.rules import shapley as shapley
from settlement.lints.rules import ScheduleFinding as ScheduleFinding
from settlement.lints.rules import lint as lint_steps
from settlement.pouring.rules import NOTHING_CARRIED, Carried, Poured, pour
from settlement.steps.rules import Base as Base
from settlement.steps.rules import Over as Over
from settlement.steps.rules import Step as Step
from settlement.steps.rules import StepKind as StepKind
from settlement.steps.rules import read_step


class ScheduleState(StrEnum):
    """Whether everybody named in a schedule has signed it; only then may it divide anything (REV-01)."""

    DRAFT = "draft"
    SIGNED = "signed"


class NonMoney(StrEnum):
    """Ways to share in what is made that give no line of money: recorded, signed, never paid by the platform."""

    EQUITY = "equity"  # 股权参股
    IP_SHARE = "ip_share"  # 知识产权共享
    IN_KIND_SERVICE = "in_kind_service"  # 数据资源补偿服务


@dataclass(frozen=True, slots=True)
class NonMoneyLine:
    """What one party receives beside money, in the words of the agreement."""

    method: NonMoney
    party: str
    words: str
    portion: Fraction | None = None  # of the equity or of the right, where the agreement states one

    def to_dict(self) -> dict[str, str]:
        """Return the canonical writing."""
        written = {"method": str(self.method), "party": self.party, "words": self.words}
        return written | ({"portion": decimal_text(self.portion)} if self.portion is not None else {})


def read_non_money(rows: object) -> tuple[NonMoneyLine, ...]:
    """Read the lines without money; an empty list is none.

    Raises:
        Unreadable: a field is missing, unknown or wrongly written.

    Source:
        REV-02: 股权参股、知识产权共享、数据资源补偿服务; 27号 第二十条: 技术、产品和服务、收益等方式.
    """
    if rows == []:
        return ()
    reader = Reader({"non_money": rows})
    found = tuple(_read_line(row) for row in reader.children("non_money", most=ENTRIES_MAX))
    reader.close()
    return found


def _read_line(row: Reader) -> NonMoneyLine:
    portion = row.number("portion") if row.has("portion") else None
    if portion is not None and portion > 1:
        row.complain("portion", "portion_over_one", "比例不能超过 1", "a portion cannot be above 1")
    row.ignore("portion")
    line = NonMoneyLine(row.choice("method", NonMoney), row.text("party"), row.text("words"), portion)
    row.leave()
    return line


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


class NotCarried(Invalid):
    """A step counts by date or over the term, and the caller does not say the day or what earlier settlements took."""

    code = "settlement.not_carried"
    title = "缺少累计金额或日期"
    title_en = "What was taken before, or the day, is not known"


class RefundExceedsHeld(Invalid):
    """More is to be given back than the parties together still hold."""

    code = "settlement.refund_exceeds_held"
    title = "退款超过各方所持金额"
    title_en = "The refund is more than the parties hold"


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
        return cls(tuple(read_step(row) for row in reader.children("steps")))

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
class Division:
    """What every party of a schedule receives, and how it came about."""

    shares: dict[str, Money]
    steps: tuple[Poured, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as text, with the trace of every step."""
        return {
            "shares": {party: share.text() for party, share in self.shares.items()},
            "steps": [
                {"step": one.step, "inflow": one.inflow.text(), "left": one.left.text(),
                 "out": {party: share.text() for party, share in one.out.items()}, "trace": one.trace.to_dict()}
                for one in self.steps
            ],
        }  # fmt: skip


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
    CONTRIBUTION_OBJECTED = "CONTRIBUTION_OBJECTED"  # the party objects to its own figure: its line waits, no other


@dataclass(frozen=True, slots=True)
class Payee:
    """Where a party's money goes, and why."""

    kind: PayeeKind
    reason_code: PayeeReason


def lint(schedule: Schedule) -> list[ScheduleFinding]:
    """Return what is wrong with a schedule, each with its own code and step (``settlement.lints.rules``)."""
    return lint_steps(schedule.steps)


def split(amount: Money, weights: Mapping[str, Exact]) -> dict[str, Money]:
    """Divide an amount by weights to the fen; largest remainder, equal remainders in order of party id.

    Raises:
        WeightsUnusable: no weights, a negative one, or all zero.

    Source:
        REV-03: 最大余额法，各行合计与可分配金额一致.
    """
    return allocate(amount, weights)


def waterfall(
    schedule: Schedule, gross: Money, *, refunds: Money = ZERO, tax: Money = ZERO, on: date | None = None,
    carried: Mapping[int, Carried] | None = None,
) -> Division:  # fmt: skip
    """Pour what is left of a payment after refunds and tax through the steps of a schedule.

    The shares add up to ``gross - refunds - tax`` to the fen; nobody gets less than nothing. Every step returns its
    trace: the base, the fractions, the weights and where the odd fen went.

    Args:
        schedule: the steps, checked.
        gross: what was paid.
        refunds: what was given back of it.
        tax: output tax in what is left.
        on: the day that decides which dated steps count: the last one of the period.
        carried: number of the step → what earlier settlements took by it; needed by breakpoints and claims over the
            term. Left out, fixed and recover take their whole amount.

    Raises:
        NothingToDivide: an amount is negative, or refunds and tax exceed what was paid.
        NotCarried: a step counts by date or over the term, and the day or what earlier settlements took is unknown.

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
        before = _before(number, step, on, carried)
        done = pour(number, step, bases.get(step.base, left), left, before, counts=on is None or step.counts_on(on))
        for party, share in done.out.items():
            shares[party] += share
        poured.append(done)
        left = done.left
    assert total(shares.values()) == distributable, "a checked schedule divides everything"
    return Division(shares, tuple(poured))


def carry(before: Mapping[int, Carried], division: Division) -> dict[int, Carried]:
    """Return what the steps of a schedule have taken once a division is counted too, for the next one."""
    return {poured.step: before.get(poured.step, NOTHING_CARRIED).after(poured) for poured in division.steps}


def _before(number: int, step: Step, on: date | None, carried: Mapping[int, Carried] | None) -> Carried:
    is_carried = step.over is Over.TERM and bool(step.claims or step.kind in (StepKind.RATE, StepKind.POOL))
    missing = "以前各期已分金额" if is_carried and carried is None else ""
    missing = "结算所属日期" if step.is_dated and on is None else missing
    if missing:
        raise NotCarried(
            f"第 {number} 步跨期累计或按日期适用，须给出{missing}后才能计算。",
            detail_en=f"Step {number} needs the day of the settlement, or what earlier settlements took.",
            rule="REV-03",
        )
    return (carried or {}).get(number, NOTHING_CARRIED)


def refund(held: Mapping[str, Money], amount: Money) -> dict[str, Money]:
    """Return what each party gives back of a refund, in proportion to what it still holds.

    Nobody gives back more than it holds, and refunds that add up to the whole leave everybody at zero.

    Raises:
        RefundExceedsHeld: the refund is more than all of them hold.
        Invalid: an amount is negative.

    Source:
        REV-03 and A5: 退款按各方仍持有的份额分摊.
    """
    weights = {party: share.fen for party, share in held.items()}
    if min(amount.fen, min(weights.values(), default=0)) < 0:
        raise Invalid("退款金额和各方所持金额不能为负数。", detail_en="Amounts cannot be negative.")
    holding = Money(sum(weights.values()))
    if amount > holding:
        raise RefundExceedsHeld(
            f"退款 {amount.text()} 元超过各方仍持有的 {holding.text()} 元。",
            detail_en=f"The refund {amount.text()} is more than the {holding.text()} that is held.",
        )
    if amount == ZERO:
        return dict.fromkeys(sorted(held), ZERO)
    return allocate(amount, weights)


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
