"""Identity numbers and their digest, grants that need two persons, one-time tokens; pure."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from datetime import datetime
from enum import StrEnum

from stdnum import numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from kernel.identity import Role
from registry.accounts.rules import CAPACITY_OF, ROLE_TITLES

IDENTITY_FORMAT = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
IDENTITY_NOISE = re.compile(r"[\s\-‐‑‒–—―−]+")
PURPOSE = b"huiyi registry person identity"


class AskState(StrEnum):
    """Where the asking for a role stands."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class AskEvent(StrEnum):
    """What happens to it."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: dict[tuple[AskState, AskEvent], AskState] = {
    (AskState.ASKED, AskEvent.CONFIRM): AskState.CONFIRMED,
    (AskState.ASKED, AskEvent.REFUSE): AskState.REFUSED,
    (AskState.ASKED, AskEvent.WITHDRAW): AskState.WITHDRAWN,
}
STATE_TITLES = {
    AskState.ASKED: "待另一人确认",
    AskState.CONFIRMED: "已确认",
    AskState.REFUSED: "未同意",
    AskState.WITHDRAWN: "已撤回",
}


class BadIdentityNumber(Invalid):
    """A text that is no number of a resident identity card; it is never repeated in the answer."""

    code = "person.bad_identity_number"
    title = "居民身份证号码不正确"
    title_en = "Not a valid identity number"


class IdentifiedBefore(Conflict):
    """The account belongs to a person already."""

    code = "person.identified_before"


class WrongAskState(Conflict):
    """The asking was decided already."""

    code = "person.wrong_state"


class AskExpired(Conflict):
    """Nobody confirmed in time."""

    code = "person.ask_expired"
    title = "授权申请已过期"
    title_en = "The asking has expired"


class SecondPersonNeeded(Conflict):
    """Who asked, or who would get the role, cannot confirm it; neither under another account."""

    code = "person.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


class OneStepRole(Invalid):
    """The role is granted in one step."""

    code = "person.one_step_role"


class AskedAlready(Conflict):
    """The same role was asked for and waits to be confirmed."""

    code = "person.asked_already"


class NotTheAsker(NotAllowed):
    """Only who asked takes it back."""

    code = "person.not_the_asker"


class BadResetToken(NotFound):
    """The token is unknown, used, replaced or too old; which of these is not said."""

    code = "person.bad_reset_token"
    title = "重置口令无效"
    title_en = "The token is not valid"


class OwnReset(Conflict):
    """Nobody resets the own password: it is changed with the present one, or another administrator resets it."""

    code = "person.own_reset"


def identity_number(text: str) -> str:
    """Return the number of a resident identity card (居民身份证) in its one spelling: 17 digits and a digit or X.

    The library's own comparison of division code and year of birth is left out: cards were first issued in 1984, under
    the codes of that time, so that it refuses people who were born before their county had its code.

    Raises:
        BadIdentityNumber: length, date, place or check character are wrong. The words do not repeat the number.

    Source:
        GB 11643-1999.
    """
    compact = IDENTITY_NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()
    if IDENTITY_FORMAT.fullmatch(compact) is None or compact[-1] != ric.calc_check_digit(compact):
        raise _bad()
    try:
        ric.get_birth_date(compact)
    except ValidationError as error:
        raise _bad() from error
    if not any(known for _, known in numdb.get("cn/loc").info(compact)):  # neither province nor county is known
        raise _bad()
    return compact


def identity_digest(number: str, key: bytes) -> str:
    """Return the keyed digest by which a person is recognised: without the key nobody can try numbers against it."""
    return hmac.new(_derived(key), number.encode(), hashlib.sha256).hexdigest()


def key_name(key: bytes) -> str:
    """Return the name of a key, from which the key cannot be found: digests made by two keys cannot be compared."""
    return hmac.new(_derived(key), b"name", hashlib.sha256).hexdigest()


def _derived(key: bytes) -> bytes:
    return hmac.new(key, PURPOSE, hashlib.sha256).digest()


def _bad() -> BadIdentityNumber:
    words = "应为 18 位，末位可为 X，出生日期、行政区划和校验位须相符"
    return BadIdentityNumber(
        f"居民身份证号码不正确：{words}；请对照证件核对",
        detail_en="An identity number has 18 characters, the last one a check character.",
        errors=[{"pointer": "/identity_number", "code": BadIdentityNumber.code, "message": words}],
    )


def needs_second_person(role: Role) -> bool:
    """Say whether a role is granted by two persons: every role of the platform, of finance and of an authority.

    Source:
        conventions §8, point 11.
    """
    return role not in CAPACITY_OF


def check_needs_second_person(role: Role) -> None:
    """Refuse to ask for a role that is granted in one step.

    Raises:
        OneStepRole: it is a role of an organisation.
    """
    if not needs_second_person(role):
        raise OneStepRole(
            f"“{ROLE_TITLES[role]}”由安全管理员一步授予，无需第二人确认", detail_en=f"{role} is granted in one step."
        )


def after(state: AskState, event: AskEvent) -> AskState:
    """Return the state that follows.

    Raises:
        WrongAskState: it was decided already.
    """
    if (state, event) not in TRANSITIONS:
        raise WrongAskState(
            f"该授权申请{STATE_TITLES[state]}，不能再办理；如仍需要请重新申请", detail_en=f"The asking is {state}."
        )
    return TRANSITIONS[state, event]


def check_in_time(expires_at: datetime, now: datetime) -> None:
    """Refuse a confirmation that comes too late.

    Raises:
        AskExpired: it does.
    """
    if now >= expires_at:
        raise AskExpired(
            "授权申请已超过确认期限，须重新申请（批准只在限期内、对原内容有效）",
            detail_en="The asking has expired; ask anew.",
        )


def second_person_needed(name: str) -> SecondPersonNeeded:
    """Return the refusal of a confirmation by who asked, or by who would get the role."""
    return SecondPersonNeeded(
        f"授予 {name} 的职责须由另一位安全管理员确认：申请人和被授权人（包括其另外的账号）不得自行确认",
        detail_en="Neither the asker nor the grantee confirms, under whichever account.",
    )


def bad_reset_token() -> BadResetToken:
    """Return the refusal of a token that does not hold."""
    return BadResetToken(
        "重置口令不正确、已使用或已过期，请向安全管理员重新索取", detail_en="The token is wrong, used or too old."
    )
