"""Who may object, how often, and in which order an objection is dealt with. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from stdnum.cn import ric

from kernel.errors import Conflict, Invalid, TooMany
from registry.parties.rules import normalised_uscc
from registry.register_words.rules import folded


class IdentityKind(StrEnum):
    """What proves a real name."""

    RESIDENT_ID = "resident_id"
    CREDIT_CODE = "credit_code"
    PASSPORT = "passport"


class ObjectionState(StrEnum):
    """Where an objection stands, as its author reads it."""

    FILED = "filed"
    RECHECKED = "rechecked"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class IdentityInvalid(Invalid):
    """The number is none of that kind: its check digit does not fit, or it is too short."""

    code = "objection.identity_invalid"


class TooManyObjections(TooMany):
    """Too many objections came from one address in too short a time."""

    code = "objection.too_many"


class DecidedAlready(Conflict):
    """The objection was decided before."""

    code = "objection.decided_already"


class RecheckedAlready(Conflict):
    """The objection was rechecked before."""

    code = "objection.rechecked_already"


class NotRechecked(Conflict):
    """An objection is rechecked before it is decided."""

    code = "objection.not_rechecked"


def checked_identity(kind: IdentityKind, number: str) -> str:
    """Return the number of an identity document in its one spelling.

    Raises:
        IdentityInvalid: it is no resident identity number, or an empty one.
        BadUscc: it is no unified social credit code.

    Source:
        发改数据规〔2025〕26号 第十二条: 实名 (REG-06).
    """
    if kind is IdentityKind.CREDIT_CODE:
        return normalised_uscc(number)
    plain = folded(number).upper()
    is_good = bool(ric.is_valid(plain)) if kind is IdentityKind.RESIDENT_ID else bool(plain)
    if not is_good:
        raise IdentityInvalid(
            "证件号码校验不符：异议须实名提出（26号 第十二条），请核对公民身份号码或改选证件类型",
            detail_en="The number of the identity document is not valid",
            rule="REG-06",
            errors=[{"pointer": "/identity_number", "code": "identity", "message": "证件号码不正确"}],
        )
    return plain


def refuse_flood(filed: int, filings_max: int, left: timedelta) -> None:
    """Refuse one objection too many from one address.

    Raises:
        TooManyObjections: as many as are admitted came within the window.
    """
    if filed >= filings_max:
        seconds = max(int(left.total_seconds()), 1)
        raise TooManyObjections(
            f"同一来源短时间内提出的异议已达 {filings_max} 件，请在 {seconds} 秒后再试；紧急情形请直接联系登记机构",
            detail_en=f"Too many objections; try again in {seconds} seconds",
            rule="REG-06",
            headers={"Retry-After": str(seconds)},
        )


def state_of(*, is_rechecked: bool, outcome: str | None) -> ObjectionState:
    """Return where an objection stands."""
    if outcome is not None:
        return ObjectionState(outcome)
    return ObjectionState.RECHECKED if is_rechecked else ObjectionState.FILED


def check_recheck(reference: str, state: ObjectionState) -> None:
    """Refuse to recheck twice, or what is decided.

    Raises:
        RecheckedAlready: it was rechecked.
        DecidedAlready: it was decided.
    """
    if state is ObjectionState.RECHECKED:
        raise RecheckedAlready(f"异议 {reference} 已复核，请作出处理（REG-06）", detail_en="Rechecked", rule="REG-06")
    if state is not ObjectionState.FILED:
        raise _decided(reference)


def check_outcome(reference: str, state: ObjectionState) -> None:
    """Refuse to decide what was not rechecked, or was decided.

    Raises:
        NotRechecked: the recheck is missing.
        DecidedAlready: it was decided.
    """
    if state is ObjectionState.FILED:
        raise NotRechecked(
            f"异议 {reference} 尚未复核：先核实所附证据并记录复核情况，再作出处理（26号 第十二条；REG-06）",
            detail_en="Recheck the objection before it is decided",
            rule="REG-06",
        )
    if state is not ObjectionState.RECHECKED:
        raise _decided(reference)


def _decided(reference: str) -> DecidedAlready:
    return DecidedAlready(
        f"异议 {reference} 已作出处理，不得重复处理（REG-06）", detail_en="Decided already", rule="REG-06"
    )
