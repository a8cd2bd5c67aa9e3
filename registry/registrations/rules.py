"""Registration of products: states, deadlines, validity, and the gates to a sale. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.policy import Cited


class RegistrationState(StrEnum):
    """Where a registration stands; expiry is not among them, for it follows from the dates."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    RETURNED = "returned"
    PUBLIC_NOTICE = "public_notice"
    OBJECTED = "objected"
    CODED = "coded"
    TERMINATED = "terminated"
    REPLACED = "replaced"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


class RegistrationEvent(StrEnum):
    """What can happen to a registration."""

    ACCEPT = "accept"
    NOT_ACCEPT = "not_accept"
    RETURN_ONCE = "return_once"
    RESUBMIT = "resubmit"
    PASS = "pass"  # noqa: S105 - the formal review passed; not a password
    NOT_COMPLETE = "not_complete"
    OBJECT = "object"
    DISMISS_OBJECTIONS = "dismiss_objections"
    UPHOLD_OBJECTION = "uphold_objection"
    ASSIGN_CODE = "assign_code"
    COMPLETE_CANCELLATION = "complete_cancellation"
    REPLACE = "replace"
    CANCEL = "cancel"
    REVOKE = "revoke"


class RegistrationKind(StrEnum):
    """The types of registration (26号 第八条、第二十条; REG-02)."""

    FIRST = "first"
    CHANGE = "change"
    CORRECTION = "correction"
    RENEWAL = "renewal"
    CANCELLATION = "cancellation"
    REVOCATION = "revocation"


class ObjectionOutcome(StrEnum):
    """What became of an objection."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Acceptance(StrEnum):
    """What the registrar does with an application that was received."""

    ACCEPT = "accept"
    NOT_ACCEPT = "not_accept"
    RETURN_ONCE = "return_once"


class CancellationGround(StrEnum):
    """Why a registration may be cancelled (REG-08)."""

    DATA_LOST = "data_lost"
    RIGHT_ENDED = "right_ended"
    REGISTRANT_ENDED = "registrant_ended"
    OTHER_BY_LAW = "other_by_law"


class RevocationGround(StrEnum):
    """Why a registration may be revoked (26号 第二十条; REG-08)."""

    FALSE_MATERIALS = "false_materials"
    FORGED_RESULT = "forged_result"
    ILLEGAL_GAIN = "illegal_gain"
    OTHER = "other"


class ClosingKind(StrEnum):
    """What a registrar asks for without an application of the registrant."""

    REVOCATION = "revocation"
    CANCELLATION = "cancellation"


class ClosingState(StrEnum):
    """Where such an ask stands."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class WrongState(Conflict):
    """The registration does not admit this step now."""

    code = "registration.wrong_state"


class KindNotPossible(Conflict):
    """That kind of registration is not possible for the product now."""

    code = "registration.kind_not_possible"


class SecondPersonNeeded(NotAllowed):
    """Who passed the formal review does not assign the code as well."""

    code = "registration.second_person_needed"


class ReturnedBefore(Conflict):
    """The application was already returned with one notice of all defects."""

    code = "registration.returned_before"


class DefectsMissing(Invalid):
    """A refusal or a return without saying what is wrong."""

    code = "registration.defects_missing"


class MaterialsMissing(Invalid):
    """Materials of the application are missing; ``errors`` names each."""

    code = "registration.materials_missing"


EVENTS = RegistrationEvent
STATES = RegistrationState
TRANSITIONS: dict[tuple[RegistrationState, RegistrationEvent], RegistrationState] = {
    (STATES.SUBMITTED, EVENTS.ACCEPT): STATES.ACCEPTED,
    (STATES.SUBMITTED, EVENTS.NOT_ACCEPT): STATES.NOT_ACCEPTED,
    (STATES.SUBMITTED, EVENTS.RETURN_ONCE): STATES.RETURNED,
    (STATES.RETURNED, EVENTS.RESUBMIT): STATES.SUBMITTED,
    (STATES.ACCEPTED, EVENTS.PASS): STATES.PUBLIC_NOTICE,
    (STATES.ACCEPTED, EVENTS.NOT_COMPLETE): STATES.TERMINATED,
    (STATES.ACCEPTED, EVENTS.COMPLETE_CANCELLATION): STATES.CANCELLED,
    (STATES.PUBLIC_NOTICE, EVENTS.OBJECT): STATES.OBJECTED,
    (STATES.OBJECTED, EVENTS.OBJECT): STATES.OBJECTED,
    (STATES.OBJECTED, EVENTS.DISMISS_OBJECTIONS): STATES.PUBLIC_NOTICE,
    (STATES.OBJECTED, EVENTS.UPHOLD_OBJECTION): STATES.TERMINATED,
    (STATES.PUBLIC_NOTICE, EVENTS.ASSIGN_CODE): STATES.CODED,
    (STATES.CODED, EVENTS.REPLACE): STATES.REPLACED,
    (STATES.CODED, EVENTS.CANCEL): STATES.CANCELLED,
    (STATES.CODED, EVENTS.REVOKE): STATES.REVOKED,
}
RUNNING = (STATES.SUBMITTED, STATES.ACCEPTED, STATES.RETURNED, STATES.PUBLIC_NOTICE, STATES.OBJECTED)
FOLLOWS_A_CODE = (
    RegistrationKind.CHANGE,
    RegistrationKind.CORRECTION,
    RegistrationKind.RENEWAL,
    RegistrationKind.CANCELLATION,
)
GROUNDS: dict[ClosingKind, tuple[str, ...]] = {
    ClosingKind.REVOCATION: tuple(RevocationGround),
    ClosingKind.CANCELLATION: tuple(CancellationGround),
}
MATERIAL_TITLES = {
    "registrant": "登记主体信息",
    "lawful_source": "数据合法来源",
    "resource_description": "数据资源情况",
    "evidence_record": "存证情况",
    "product_information": "产品和服务信息",
    "scenario": "应用场景",
    "security_risk_assessment": "数据安全风险评估",
}


def after(state: RegistrationState, event: RegistrationEvent) -> RegistrationState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.

    Source:
        发改数据规〔2025〕26号 第八条 (REG-03).
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(
            f"登记当前状态为“{state}”，不能办理“{event}”（26号 第八条）：请刷新后查看当前环节",
            detail_en=f"A registration in state {state} does not admit {event}",
            rule="REG-03",
        ) from None


def check_kind(
    product: str,
    kind: RegistrationKind,
    *,
    running: str | None,
    current_code: str | None,
    is_effective: bool,
    has_ground: bool,
) -> None:
    """Refuse an application of a kind that does not fit what is registered.

    Args:
        product: its code.
        kind: what is applied for.
        running: number of the application that is under way.
        current_code: code that is effective today.
        is_effective: whether anything is, so that it can be followed.
        has_ground: whether a ground was named, as a cancellation needs.

    Raises:
        KindNotPossible: one of these stands against it.

    Source:
        发改数据规〔2025〕26号 第八条、第九条 (REG-02, REG-08).
    """
    words = ""
    if running is not None:
        words = f"登记 {running} 正在办理，办结后方可再申请"
    elif kind is RegistrationKind.REVOCATION:
        words = "撤销登记由登记机构依职权办理，不能申请"
    elif kind is RegistrationKind.FIRST and is_effective:
        words = f"产品已登记（{current_code}），请办理变更、更正、续展或注销"
    elif kind in FOLLOWS_A_CODE and not is_effective:
        words = "产品没有有效的登记，请申请首次登记"
    elif kind is RegistrationKind.CANCELLATION and not has_ground:
        words = "注销登记须选明事由"
    if words:
        raise KindNotPossible(f"产品 {product}：{words}（REG-02、REG-08）", rule="REG-02")


def refuse_same_person(number: str, name: str, *, is_same: bool) -> None:
    """Refuse that one person both passes the formal review and assigns the code.

    Raises:
        SecondPersonNeeded: it is the same person.
    """
    if is_same:
        raise SecondPersonNeeded(
            f"登记 {number} 的形式审核由 {name} 通过，赋码须由另一名登记人员办理（双人复核）",
            detail_en="Another registrar has to assign the code",
            rule="REG-03",
        )


def refuse_without_words(text: str, words: str) -> None:
    """Refuse an adverse decision that gives no reason.

    Raises:
        DefectsMissing: the text is blank.
    """
    if not text.strip():
        error = {"pointer": "/reason", "code": "required", "message": words}
        raise DefectsMissing(f"{words}（26号 第十条、第十一条）", rule="REG-04", errors=[error])


def check_receipt(decision: Acceptance, *, reason: str, defects: Sequence[str], was_returned: bool) -> None:
    """Refuse a second return, and an adverse decision without its grounds.

    Raises:
        ReturnedBefore: all defects had to be named the first time.
        DefectsMissing: no defects, or no reason.

    Source:
        发改数据规〔2025〕26号 第十条 (REG-04).
    """
    if decision is Acceptance.NOT_ACCEPT:
        refuse_without_words(reason, "不予受理须说明理由")
    elif decision is Acceptance.RETURN_ONCE:
        if was_returned:
            raise ReturnedBefore(
                "申请已一次性告知过全部问题（26号 第十条），不得再次退回：请受理或不予受理",
                detail_en="An application is returned once; accept it or not",
                rule="REG-04",
            )
        refuse_without_words("".join(defects), "退回须一次性列出全部问题")


def missing_materials(found: Mapping[str, str], required: Iterable[str]) -> list[str]:
    """Return the codes of required materials that are absent or blank, in the order of the policy (REG-05)."""
    return [code for code in required if not found.get(code, "").strip()]


def check_materials(found: Mapping[str, str], required: Cited | None) -> None:
    """Refuse an application that lacks materials; all are named at once.

    Raises:
        MaterialsMissing: some are absent or blank.

    Source:
        发改数据规〔2025〕26号 第九条 (REG-05).
    """
    lacking = [] if required is None else missing_materials(found, required.items())
    if required is not None and lacking:
        titles = {code: MATERIAL_TITLES.get(code, code) for code in lacking}
        raise MaterialsMissing(
            f"登记材料不齐（{required.citation()}），缺少：{'、'.join(titles.values())}。请一次性补齐后提交",
            detail_en=f"Missing materials: {', '.join(lacking)}",
            rule="REG-05",
            article=required.citation(),
            errors=[{"pointer": f"/{code}", "code": "missing", "message": title} for code, title in titles.items()],
        )


def is_effective(state: RegistrationState, valid_from: date | None, valid_until: date | None, on: date) -> bool:
    """Say whether a registration protects sales on that day; time alone ends it, no job has to run."""
    return (
        state is RegistrationState.CODED
        and valid_from is not None
        and valid_until is not None
        and valid_from <= on <= valid_until
    )
