"""Classes of buyers: who belongs to one on a day (SEP-03: a deviation from the equal price needs a published rule)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.errors import Conflict, Invalid

EQUAL_ARTICLE = "发改价格〔2025〕65号 一"  # 公平提供


class MembershipAct(StrEnum):
    """What happens to a membership after it was declared."""

    ENDED = "ended"
    READMITTED = "readmitted"


class ClassTaken(Conflict):
    """The buyer belongs to that class already."""

    code = "tariff.class_taken"


class NotAMember(Conflict):
    """The buyer does not belong to the class, so nothing can end."""

    code = "buyer_class.not_a_member"


class ClassRuleMissing(Conflict):
    """A price for a class or grade of buyers whose rule nobody published."""

    code = "buyer_class.rule_missing"
    title = "用户类别尚未公布规则"
    title_en = "The class has no published rule"


class DayUnusable(Invalid):
    """A rule or change that would begin on a day on which it cannot."""

    code = "buyer_class.day_unusable"


@dataclass(frozen=True, slots=True)
class Change:
    """From ``day`` on the buyer belongs to the class no longer, or again."""

    day: date
    act: MembershipAct


def is_member(since: date, changes: Iterable[Change], on: date) -> bool:
    """Say whether a buyer who was admitted on a day belongs to the class on another, after all that changed since."""
    past = sorted((change for change in changes if change.day <= on), key=lambda change: change.day)
    return since <= on and (not past or past[-1].act is MembershipAct.READMITTED)


def must_follow(since: date, changes: Iterable[Change], day: date, act: MembershipAct) -> None:
    """Refuse a change that does not follow from what stands, or that lies before it.

    Raises:
        NotAMember: the end of a membership that has ended already.
        ClassTaken: readmission of somebody who still belongs to the class.
        DayUnusable: the change would begin before the last one.
    """
    known = sorted(changes, key=lambda change: change.day)
    last = known[-1].day if known else since
    ended = bool(known) and known[-1].act is MembershipAct.ENDED
    if ended and act is MembershipAct.ENDED:
        raise NotAMember(
            f"该单位自 {last} 起已不属于该类用户，无需再次终止。", detail_en=f"It ended on {last}.", rule="SEP-03"
        )
    if not ended and act is MembershipAct.READMITTED:
        raise ClassTaken(
            f"该单位自 {last} 起已属于该类用户。", detail_en=f"A member since {last} already.", rule="SEP-03"
        )
    if day <= last:
        raise day_unusable(f"变更须晚于上一次的日期 {last}，请改填之后的日期", f"It must begin after {last}.")


def must_not_look_back(day: date, today: date) -> None:
    """Refuse to begin in the past, where orders were priced already.

    Raises:
        DayUnusable: the day is past.
    """
    if day < today:
        words = f"日期 {day} 早于今日 {today}；已按原类别计价的订单不得追溯改变"
        raise day_unusable(words, f"{day} is past.")


def must_be_published(named: Collection[str], published: Collection[str], on: date) -> None:
    """Refuse a price of its own for a class or grade without a rule that everybody can read.

    Args:
        named: classes and grades that the price names.
        published: those with a published rule on that day.
        on: first day of the price.

    Raises:
        ClassRuleMissing: names every class without a rule.

    Source:
        SEP-03; 发改价格〔2025〕65号 一（公平提供）.
    """
    missing = sorted(set(named) - set(published))
    if missing:
        names = "、".join(f"“{one}”" for one in missing)
        words = f"类别{names}在 {on} 尚未公布规则；同质同价，另定价格须有公开的规则，请先在“用户类别”中公布"
        raise ClassRuleMissing(
            f"{words}。",
            detail_en=f"No published rule on {on}: {', '.join(missing)}.",
            rule="SEP-03",
            article=EQUAL_ARTICLE,
            errors=[{"pointer": "/buyer_class", "code": ClassRuleMissing.code, "message": words}],
        )


def day_unusable(words: str, words_en: str) -> DayUnusable:
    """Return the refusal of a day, with the field that names it."""
    errors = [{"pointer": "/since", "code": DayUnusable.code, "message": words, "message_en": words_en}]
    return DayUnusable(f"{words}。", detail_en=words_en, rule="SEP-03", article=EQUAL_ARTICLE, errors=errors)
