"""Accounts of payees: what a valid one looks like, when a change takes effect, how it is shown. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kernel.errors import Conflict, Invalid


class AccountKind(StrEnum):
    """Where money can be sent: 银行账户, Stripe 关联账户, 国库（非税收入）."""

    BANK = "bank"
    STRIPE = "stripe"
    TREASURY = "treasury"


class AccountState(StrEnum):
    """Where an account stands: 待复核, 已确认, 不同意, 已撤回."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class AccountAct(StrEnum):
    """What people do with an account that was named."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: dict[tuple[AccountState, AccountAct], AccountState] = {
    (AccountState.ASKED, AccountAct.CONFIRM): AccountState.CONFIRMED,
    (AccountState.ASKED, AccountAct.REFUSE): AccountState.REFUSED,
    (AccountState.ASKED, AccountAct.WITHDRAW): AccountState.WITHDRAWN,
}
BANK_NUMBER = re.compile(r"[0-9]{6,32}", re.ASCII)
BANK_CODE = re.compile(r"[0-9]{12}", re.ASCII)  # 大额支付系统行号
STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]{4,64}", re.ASCII)
ITEM_CODE = re.compile(r"[0-9]{6,20}", re.ASCII)  # 非税收入项目编码


class WrongState(Conflict):
    """The account cannot take this step now."""

    code = "payee.wrong_state"
    title = "收款账户当前状态不能办理此事"
    title_en = "Not possible in this state"


class AccountUnusable(Invalid):
    """What was written is not an account."""

    code = "payee.account_unusable"
    title = "收款账户填写有误"
    title_en = "This is no account"


@dataclass(frozen=True, slots=True)
class Coordinates:
    """What money needs to arrive."""

    kind: AccountKind
    holder: str
    number: str
    bank: str = ""
    bank_code: str = ""
    item_code: str = ""  # of the treasury: which non-tax income it is


def check(found: Coordinates, *, party_name: str | None) -> None:
    """Refuse what is no account, or not the party's own.

    Args:
        found: the account.
        party_name: the registered name of the party; None for the treasury of a place.

    Raises:
        AccountUnusable: a number is malformed, or the holder is not the party.

    Source:
        REV-05: 企业拨付至本单位账户；行政单位收入缴入国库.
    """
    if found.kind is AccountKind.STRIPE:
        must_fit(STRIPE_ACCOUNT, found.number, "number", "Stripe 账户编号须形如 acct_…")
    else:
        must_fit(BANK_NUMBER, found.number, "number", "银行账号须为 6 至 32 位数字，不含空格")
        must_fit(BANK_CODE, found.bank_code, "bank_code", "行号须为 12 位数字")
    if found.kind is AccountKind.TREASURY:
        must_fit(ITEM_CODE, found.item_code, "item_code", "非税收入项目编码须为 6 至 20 位数字")
    if (found.kind is AccountKind.TREASURY) is not (party_name is None):
        raise _refused("kind", "国库账户属于一个地方，不属于任何单位；单位只能登记本单位账户")
    if party_name is not None and found.holder != party_name:
        raise _refused("holder", f"户名须与登记名称“{party_name}”完全一致，不得拨付至他人账户")


def must_fit(pattern: re.Pattern[str], text: str, field: str, words: str) -> None:
    """Refuse text of another form.

    Raises:
        AccountUnusable: it does not match.
    """
    if pattern.fullmatch(text) is None:
        raise _refused(field, words)


def _refused(field: str, words: str) -> AccountUnusable:
    return AccountUnusable(
        f"{words}，请更正后重新提交（REV-05）", detail_en=f"Check the field {field}",
        errors=[{"pointer": f"/{field}", "code": AccountUnusable.code, "message": words}],
    )  # fmt: skip


def after(state: AccountState, act: AccountAct) -> AccountState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(f"收款账户处于“{state}”，不能“{act}”", detail_en=f"It is {state}; no {act} now")
    return following


def effective_at(confirmed_at: datetime, wait: timedelta) -> datetime:
    """Return when a confirmed account is paid to for the first time (E12)."""
    return confirmed_at + wait


def masked(number: str, shown: int) -> str:
    """Return an account number as pages show it: the last ``shown`` characters, the rest as dots."""
    return "•" * max(len(number) - shown, 0) + number[max(len(number) - shown, 0) :]
