"""The five conditions of access to data (ACC-03): all must hold, and every one that fails is named; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from kernel.errors import NotAllowed
from registry.parties.rules import N_


class AccessRefused(NotAllowed):
    """One of the five conditions of access does not hold; ``errors`` names each that fails with its own code."""

    code = "access.refused"
    title = "不得使用公共数据"
    title_en = "Access to the data is refused"


class Purpose(StrEnum):
    """What somebody is about to do with the data."""

    ASK_FOR_DATA = "ask_for_data"
    MAKE_PRODUCT = "make_product"
    LOAD_DATA = "load_data"
    LEAVE_DOMAIN = "leave_domain"


class Condition(StrEnum):
    """What must hold before a person may use data, in the order in which it is looked at."""

    AGREEMENT = "agreement"
    TRAINING = "training"
    EMERGENCY = "emergency"
    REVIEW = "review"
    SCOPE = "scope"


class Outcome(StrEnum):
    """What was decided."""

    GRANTED = "granted"
    DENIED = "denied"


CODES = {
    Condition.AGREEMENT: "AGREEMENT_NOT_IN_FORCE",
    Condition.TRAINING: "BLOCKED_TRAINING",
    Condition.EMERGENCY: "EMERGENCY_PLAN_MISSING",
    Condition.REVIEW: "REVIEW_NOT_VALID",
    Condition.SCOPE: "OUT_OF_SCOPE",
}
TITLES = {
    Condition.AGREEMENT: N_("授权运营协议有效"),
    Condition.TRAINING: N_("人员经岗前培训合格"),
    Condition.EMERGENCY: N_("应急预案已提交"),
    Condition.REVIEW: N_("安全审核在有效期内"),
    Condition.SCOPE: N_("人员和数据在授权范围内"),
}
RULES = {
    Condition.AGREEMENT: "AGR-03",
    Condition.TRAINING: "TRN-01",
    Condition.EMERGENCY: "EMG-01",
    Condition.REVIEW: "RVW-01",
    Condition.SCOPE: "ACC-03",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Whether one condition holds, in words, and since when."""

    is_met: bool
    words: str
    article: str = ""
    since: date | None = None


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """One fact per condition, handed in by whoever knows it; the names are those of :class:`Condition`."""

    agreement: Fact
    training: Fact
    emergency: Fact
    review: Fact
    scope: Fact


@dataclass(frozen=True, slots=True)
class Looked:
    """One condition with what was found."""

    condition: Condition
    fact: Fact

    @property
    def code(self) -> str:
        """The code of the refusal; empty where the condition holds."""
        return "" if self.fact.is_met else CODES[self.condition]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is kept in the log."""
        return {
            "condition": self.condition.value,
            "is_met": self.fact.is_met,
            "code": self.code,
            "words": self.fact.words,
            "rule": RULES[self.condition],
            "article": self.fact.article,
            "since": self.fact.since.isoformat() if self.fact.since is not None else None,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, with everything that was looked at."""

    looked: tuple[Looked, ...]

    @property
    def failed(self) -> tuple[Looked, ...]:
        """Every condition that does not hold, the first one first."""
        return tuple(one for one in self.looked if not one.fact.is_met)

    @property
    def outcome(self) -> Outcome:
        """Granted when nothing failed."""
        return Outcome.DENIED if self.failed else Outcome.GRANTED

    @property
    def code(self) -> str:
        """The code of the first condition that fails; empty where access is granted."""
        return self.failed[0].code if self.failed else ""


def judge(facts: AccessFacts) -> Verdict:
    """Decide whether a person may use data under an agreement: all five conditions must hold.

    Source:
        ACC-03: agreement in force, person trained, emergency plan filed, review valid, scope match.
    """
    found = {field.name: getattr(facts, field.name) for field in fields(facts)}
    return Verdict(tuple(Looked(condition, found[condition.value]) for condition in Condition))


TODO = {
    Condition.AGREEMENT: "请由主管部门办理协议生效、恢复或续签",
    Condition.TRAINING: "请先参加岗前培训，由主管部门登记合格后再办理",
    Condition.EMERGENCY: "请先制定并提交本授权的应急预案",
    Condition.REVIEW: "请先由运营机构通过基本安全和技术安全审核",
    Condition.SCOPE: "请只使用授权范围内的数据，并由符合条件的单位办理",
}


def refusal(verdict: Verdict, person: str, number: str) -> AccessRefused:
    """Return the refusal of a verdict that is denied: every condition that fails, its rule, article and what to do.

    Args:
        verdict: what was found.
        person: name of who asked.
        number: of the agreement.
    """
    failed = verdict.failed
    words = "；".join(
        f"{one.fact.words.removesuffix(f'（{one.code}）')}〔{one.code}，{RULES[one.condition]}〕" for one in failed
    )
    first = failed[0]
    article = f"（{first.fact.article}）" if first.fact.article else ""
    return AccessRefused(
        f"{person} 不得在协议 {number} 下使用数据：{words}{article}。{TODO[first.condition]}",
        detail_en=f"{person} has no access under {number}: {', '.join(one.code for one in failed)}.",
        rule=RULES[first.condition],
        article=first.fact.article or None,
        errors=[{"pointer": "", "code": one.code, "message": one.fact.words, "rule": RULES[one.condition]}
                for one in failed],
    )  # fmt: skip


def organisation_fact(
    *, name: str, is_in_order: bool, may_develop: bool, service: Fact, missing: Sequence[str], asked: int, article: str
) -> Fact:
    """Say whether an organisation may use resources under an agreement, as far as it and the scope are concerned.

    Args:
        name: of the organisation for which somebody acts.
        is_in_order: whether it is neither suspended nor ended.
        may_develop: whether it is the operating institution of the agreement, or a data merchant there.
        service: its service agreement with the operator, where the place demands one (AGR-06).
        missing: codes of the resources that the scope does not hold on that day, or that are barred.
        asked: how many resources are to be used.
        article: on what the scope rests.
    """
    if not is_in_order:
        return Fact(False, f"{name} 已暂停或终止", article)
    if not may_develop:
        return Fact(False, f"{name} 不是该协议的运营机构，也不是当地的数据商", article)
    if not service.is_met:
        return service
    if missing:
        return Fact(False, f"不在授权范围内或不予开放：{'、'.join(missing)}", article)
    return Fact(True, f"{name} 可在该协议下使用 {asked} 项数据资源", article)


def scope_fact(
    *, person: str, acts_for_operator: bool, is_active: bool, missing: Sequence[str], asked: int, article: str
) -> Fact:
    """Say whether person and resources lie within the agreement.

    Args:
        person: name of the person.
        acts_for_operator: whether the person acts for the operating institution of the agreement, which is in order.
        is_active: whether the account may sign in.
        missing: codes of the resources that the scope does not hold on that day.
        asked: how many resources were asked for.
        article: on what the scope rests.
    """
    if not is_active:
        return Fact(False, f"{person} 的账号已停用", article)
    if not acts_for_operator:
        return Fact(False, f"{person} 不是该协议运营机构的在册人员，或该机构已暂停", article)
    if asked == 0:
        return Fact(False, "没有指明要使用的数据资源", article)
    if missing:
        return Fact(False, f"不在授权范围内或不予开放：{'、'.join(missing)}", article)
    return Fact(True, f"{person} 为运营机构在册人员，{asked} 项数据资源均在授权范围内", article)
