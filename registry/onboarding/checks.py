"""What the system finds about an application: known organisations, namesakes, separation, duties of the person."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.accounts import queries as accounts
from registry.accounts.rules import ROLE_TITLES, conflict_of
from registry.onboarding import queries
from registry.onboarding.model import Onboarding
from registry.onboarding.rules import ROLE_FOR
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import STANDING_TITLES, Capacity, DutiesNotSeparated, check_separation, name_key
from registry.persons import queries as persons
from registry.procedures.rules import Finding
from registry.reviews.model import Review


def of_review(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return the findings about the application under review."""
    return findings(session, queries.by_id(session, review.subject_id), on=on, book=book)


def findings(session: Session, application: Onboarding, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return the findings about an application."""
    party = parties.registered_with(session, application.uscc)
    return [
        _known(application, party),
        _namesakes(session, application, party),
        _standing(application, party),
        _separation(application, party, on, book),
        _duties(session, application),
    ]


def _known(application: Onboarding, party: Party | None) -> Finding:
    if party is None:
        return Finding(
            "onboarding.code", "统一社会信用代码", True, f"{application.uscc} 校验位相符，尚未登记，通过后新建机构",
            "APP-04", "GB 32100-2015", False,
        )  # fmt: skip
    same = name_key(party.name) == name_key(application.statement.name)
    told = "名称一致" if same else f"申请名称“{application.statement.name}”与登记名称不一致，请核对证件"
    return Finding(
        "onboarding.code", "统一社会信用代码", same, f"{application.uscc} 已登记为“{party.name}”，{told}；"
        "通过后为该机构增加身份和人员，不新建机构", "APP-04", "GB 32100-2015", False,
    )  # fmt: skip


def _namesakes(session: Session, application: Onboarding, party: Party | None) -> Finding:
    others = parties.namesakes(session, application.statement.name, but=party.id if party else None)
    fact = "没有名称相同的其他机构"
    if others:
        fact = "已有名称相同（忽略括号、空格、全半角）的机构：" + "、".join(
            f"{one.name}（{one.uscc}）" for one in others
        )
    return Finding("onboarding.name", "名称核对", not others, fact, "APP-04", "", False)


def _standing(application: Onboarding, party: Party | None) -> Finding:
    is_met = party is None or party.is_in_order
    fact = (
        "没有暂停或终止的记录" if party is None or is_met else f"{party.name} 目前为“{STANDING_TITLES[party.standing]}”"
    )
    return Finding("onboarding.standing", "主体状态", is_met, fact, "ACC-01", "")


def _separation(application: Onboarding, party: Party | None, on: date, book: PolicyBook) -> Finding:
    cited = book.get(application.place, "seller.operator_merchant_separation", on=on)
    held = {Capacity(capacity) for capacity in application.statement.capacities}
    if party is not None:
        held |= {one.capacity for one in party.capacities if one.place == application.place}
    if cited is None or not cited.boolean():
        return Finding("onboarding.separation", "运商分离", True, "当地没有运商分离的要求", "SEP-01", "")
    try:
        check_separation(held, book.place(application.place).title, cited.citation())
    except DutiesNotSeparated as error:
        return Finding("onboarding.separation", "运商分离", False, error.detail, "SEP-01", cited.citation())
    return Finding("onboarding.separation", "运商分离", True, "未兼任运营机构和数据商", "SEP-01", cited.citation())


def _duties(session: Session, application: Onboarding) -> Finding:
    title, rule = "经办人不相容职务", "J6"
    if application.identity_hmac is None:
        return Finding("onboarding.duties", title, True, "未提供居民身份证号码，无法比对其他账号", rule, "", False)
    person = persons.person_with(session, application.identity_hmac)
    roles = accounts.duties_of(session, persons.accounts_of(session, person.id)) if person is not None else set()
    for capacity in application.statement.capacities:
        wanted = ROLE_FOR[Capacity(capacity)]
        held = conflict_of(roles, wanted)
        if held is not None:
            fact = f"该人员已有“{ROLE_TITLES[held]}”职责，不得兼任“{ROLE_TITLES[wanted]}”"
            return Finding("onboarding.duties", title, False, fact, rule, "")
    return Finding("onboarding.duties", title, True, "没有不相容的职务", rule, "")
