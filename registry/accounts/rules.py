"""Duties that one person may not join, sessions and how long they live; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from kernel.errors import Conflict, Invalid, NotAllowed, TooMany
from kernel.identity import FINANCE, Role
from registry.parties.rules import CAPACITY_TITLES, N_, Capacity


class AccountState(StrEnum):
    """Whether an account may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class AccountEvent(StrEnum):
    """What happens to an account."""

    DISABLE = "disable"
    ENABLE = "enable"


TRANSITIONS: dict[tuple[AccountState, AccountEvent], AccountState] = {
    (AccountState.ACTIVE, AccountEvent.DISABLE): AccountState.DISABLED,
    (AccountState.DISABLED, AccountEvent.ENABLE): AccountState.ACTIVE,
}
STATE_TITLES = {AccountState.ACTIVE: "正常", AccountState.DISABLED: "停用"}

ROLE_TITLES = {
    Role.MERCHANT: N_("数据商"),
    Role.OPERATOR: N_("运营机构"),
    Role.SOURCE: N_("数源部门"),
    Role.BUYER: N_("买方"),
    Role.REVIEWER: N_("合规审核"),
    Role.PRICE: N_("价格主管"),
    Role.FINANCE_PREPARER: N_("结算经办"),
    Role.FINANCE_CHECKER: N_("结算复核"),
    Role.FINANCE_PAYER: N_("付款"),
    Role.AUDITOR: N_("审计"),
    Role.SYSTEM_ADMINISTRATOR: N_("系统管理"),
    Role.SECURITY_ADMINISTRATOR: N_("安全管理"),
    Role.SUPERVISOR: N_("公共数据主管部门"),
    Role.SCHEDULER: N_("定时任务"),
}

# Roles that act for one organisation, and what the organisation must be registered as to send such a person.
CAPACITY_OF: dict[Role, Capacity] = {
    Role.MERCHANT: Capacity.DATA_MERCHANT,
    Role.OPERATOR: Capacity.OPERATING_INSTITUTION,
    Role.SOURCE: Capacity.SOURCE_DEPARTMENT,
    Role.BUYER: Capacity.BUYER,
}
ORGANISATION_ROLES = tuple(CAPACITY_OF)
PLATFORM_ADMINISTRATION = (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR)


def _pairs(these: Iterable[Role], those: Iterable[Role]) -> set[frozenset[Role]]:
    return {frozenset((one, other)) for one in these for other in those if one is not other}


# Conventions of the field §8, and the three separate administrations of 等级保护 (系统、安全、审计).
FORBIDDEN_PAIRS: frozenset[frozenset[Role]] = frozenset(
    {frozenset(pair) for pair in combinations(FINANCE, 2)}  # maker, checker and cashier (会计法: 出纳不得兼任)
    | _pairs(FINANCE, [Role.AUDITOR])
    | _pairs([Role.REVIEWER], [Role.MERCHANT, Role.OPERATOR])
    | _pairs([Role.PRICE], [Role.MERCHANT, Role.OPERATOR])
    | _pairs([Role.SUPERVISOR], [Role.OPERATOR])
    | _pairs([Role.SECURITY_ADMINISTRATOR], [role for role in Role if role is not Role.SECURITY_ADMINISTRATOR])
    | _pairs(PLATFORM_ADMINISTRATION, PLATFORM_ADMINISTRATION)
    | _pairs([Role.SCHEDULER], Role)  # a machine's role is no person's
)


class DutyConflict(Conflict):
    """One person may not hold both duties."""

    code = "account.duty_conflict"
    title = "不相容职务不得由一人兼任"
    title_en = "One person may not hold both duties"


class WrongAccountState(Conflict):
    """The account is already in that state."""

    code = "account.wrong_state"


class PasswordTooWeak(Invalid):
    """The password is too short, or contains the login name."""

    code = "account.password_too_weak"
    title = "密码强度不足"
    title_en = "The password is too weak"


class GrantIncomplete(Invalid):
    """A role of an organisation needs the organisation; a role of the platform must not name one."""

    code = "account.grant_incomplete"


class NotTheFirst(Conflict):
    """Accounts exist already: the first administrator grants further ones."""

    code = "account.not_the_first"


class LoginTaken(Conflict):
    """Another account has this login name."""

    code = "account.login_taken"


class LockedOut(TooMany):
    """Too many attempts under this login name, whether or not it exists."""

    code = "account.locked_out"
    title = "登录尝试过多，已暂时锁定"
    title_en = "Too many attempts to sign in"


class AlreadyGranted(Conflict):
    """The account has this role there already."""

    code = "account.already_granted"


class SecondPersonRequired(Conflict):
    """The role is asked for by one person and confirmed by another."""

    code = "account.second_person_required"
    title = "该职责须两人授予"
    title_en = "Two persons grant this role"


class OwnGrant(NotAllowed):
    """Nobody grants a role to himself or herself."""

    code = "account.own_grant"


class KeyNameTaken(Conflict):
    """The account has a key of this name already."""

    code = "account.key_name_taken"


class KeyTooLong(Invalid):
    """An API key has an end, at most a year ahead."""

    code = "account.key_too_long"


class WrongPassword(Invalid):
    """The present password is not right."""

    code = "account.wrong_password"


def state_after(state: AccountState, event: AccountEvent) -> AccountState:
    """Return the state of an account after an event.

    Raises:
        WrongAccountState: it is in that state already.
    """
    if (state, event) not in TRANSITIONS:
        raise WrongAccountState(
            f"账号目前为“{STATE_TITLES[state]}”，无需重复办理", detail_en=f"The account is {state}."
        )
    return TRANSITIONS[state, event]


def conflict_of(held: Collection[Role], wanted: Role) -> Role | None:
    """Return the role already held that one person may not join with ``wanted``, or ``None``."""
    return next((role for role in Role if role in held and frozenset((role, wanted)) in FORBIDDEN_PAIRS), None)


def check_duties(name: str, held: Collection[Role], wanted: Role) -> None:
    """Refuse to give one person two duties that must be separate (不相容职务).

    Raises:
        DutyConflict: the person holds a duty that excludes the wanted one.

    Source:
        会计法（出纳人员不得兼任稽核、会计档案保管和收入、支出、费用、债权债务账目的登记工作）; conventions §8.
    """
    found = conflict_of(held, wanted)
    if found is not None:
        raise DutyConflict(
            f"{name} 已有“{ROLE_TITLES[found]}”职责，不得兼任“{ROLE_TITLES[wanted]}”；请授予另一人，或先撤销原职责",
            detail_en=f"{name} is {found} and may not be {wanted} as well.",
            errors=[{"pointer": "/role", "code": DutyConflict.code, "message": "不相容职务", "held": found.value}],
        )


def organisation_for(name: str, role: Role, *, own: UUID | None, asked: UUID | None) -> UUID | None:
    """Return the organisation for which a role is granted: the account's own, or none for roles of the platform.

    Raises:
        GrantIncomplete: the role needs an organisation that the account has not, or must not name one.
    """
    title = ROLE_TITLES[role]
    if role not in CAPACITY_OF:
        if asked is not None:
            raise GrantIncomplete(
                f"“{title}”按地区授予，不限定单位，请勿填写单位",
                detail_en=f"{role} is not granted for an organisation.",
            )
        return None
    if own is None or asked not in (None, own):
        raise GrantIncomplete(
            f"“{title}”只能为账号所属单位行使；请先登记 {name} 的所属单位",
            detail_en=f"{role} is granted for the account's own organisation.",
        )
    return own


def check_capacity(party_name: str, role: Role, registered: bool) -> None:
    """Refuse a role to people of an organisation that is not registered to act in it there.

    Raises:
        GrantIncomplete: it is not registered.
    """
    if not registered:
        raise GrantIncomplete(
            f"{party_name} 未登记为{CAPACITY_TITLES[CAPACITY_OF[role]]}，其人员不能取得“{ROLE_TITLES[role]}”职责；"
            "请先登记该身份",
            detail_en=f"{party_name} is not registered as {CAPACITY_OF[role]} there.",
        )


def locked_out(attempts_max: int, left: timedelta) -> LockedOut:
    """Return the refusal of one attempt too many; ``left`` is how long the lock-out still lasts."""
    seconds = max(int(left.total_seconds()), 1)
    return LockedOut(
        f"该登录名短时间内尝试超过 {attempts_max} 次，请在 {seconds} 秒后再试",
        detail_en=f"Too many attempts; try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


def login_taken(login: str) -> LoginTaken:
    """Return the refusal of a login name that another account has."""
    return LoginTaken(
        f"登录名 {login} 已被使用，请另选一个",
        detail_en=f"The login {login} is taken.",
        errors=[{"pointer": "/login", "code": LoginTaken.code, "message": "已被使用"}],
    )


def key_name_taken(name: str) -> KeyNameTaken:
    """Return the refusal of a second key of the same name."""
    return KeyNameTaken(
        f"您已有名为“{name}”的访问密钥，请另取名称",
        detail_en="A key of that name exists.",
        errors=[{"pointer": "/name", "code": KeyNameTaken.code, "message": "名称已存在"}],
    )


def check_password(password: str, login: str, length_min: int) -> None:
    """Refuse a password that is too short or contains the login name.

    Raises:
        PasswordTooWeak: it is.
    """
    words = ""
    if len(password) < length_min:
        words = f"密码至少 {length_min} 位"
    elif login and login.casefold() in password.casefold():
        words = "密码不得包含登录名"
    elif len(set(password)) <= 2:
        words = "密码不得由一两个字符重复构成"
    if words:
        raise PasswordTooWeak(
            f"{words}；请另设密码",
            detail_en=f"At least {length_min} characters, without the login name.",
            errors=[{"pointer": "/password", "code": PasswordTooWeak.code, "message": words}],
        )


def check_key_days(days: int, days_max: int) -> None:
    """Refuse a key that would hold for less than a day or longer than ``days_max``.

    Raises:
        KeyTooLong: it would.
    """
    if not 1 <= days <= days_max:
        raise KeyTooLong(
            f"访问密钥的有效期须为 1–{days_max} 日",
            detail_en=f"A key holds for 1 to {days_max} days.",
            errors=[{"pointer": "/days", "code": KeyTooLong.code, "message": f"1–{days_max}"}],
        )


def is_live(
    *, now: datetime, seen_at: datetime, expires_at: datetime, ended_at: datetime | None, idle_max: timedelta
) -> bool:
    """Say whether a session still holds: not ended, not past its end, not idle too long."""
    return ended_at is None and now < expires_at and now - seen_at < idle_max


def to_end(live: list[tuple[datetime, str]], live_max: int) -> list[str]:
    """Return which of the live sessions (last seen, name) end so that one more keeps within ``live_max``."""
    surplus = max(len(live) - live_max + 1, 0)
    return [name for _, name in sorted(live)[:surplus]]


def check_one_step(role: Role, *, is_alone: bool) -> None:
    """Refuse to grant in one step a role that takes two persons, once there are two who could.

    Args:
        role: what is to be granted.
        is_alone: whether there is no second security administrator yet.

    Raises:
        SecondPersonRequired: it takes two persons.

    Source:
        conventions §8, point 11.
    """
    if role not in CAPACITY_OF and not is_alone:
        raise SecondPersonRequired(
            f"“{ROLE_TITLES[role]}”须由一人申请、另一位安全管理员确认：请提交授权申请（POST /api/v1/grant-asks）",
            detail_en=f"{role} is asked for by one administrator and confirmed by another (POST /api/v1/grant-asks).",
            rule="J6",
        )
