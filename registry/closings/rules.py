"""How a registration is revoked, or cancelled by the registrar itself: always by two registrars. Pure."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict, NotAllowed
from registry.parties.rules import N_
from registry.registrations.rules import ClosingKind, ClosingState, RegistrationEvent, RegistrationKind


class ClosingEvent(StrEnum):
    """What becomes of an ask."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


KIND_TITLES = {ClosingKind.REVOCATION: N_("撤销登记"), ClosingKind.CANCELLATION: N_("依职权注销登记")}
STATE_TITLES = {
    ClosingState.ASKED: N_("待第二人确认"),
    ClosingState.CONFIRMED: N_("已确认"),
    ClosingState.REFUSED: N_("未同意"),
    ClosingState.WITHDRAWN: N_("已撤回"),
}
ARTICLES = {ClosingKind.REVOCATION: "26号 第二十条", ClosingKind.CANCELLATION: "26号 第九条（四）"}
# what happens to the registration, and as what the closing is entered into the register
EVENTS = {
    ClosingKind.REVOCATION: RegistrationEvent.REVOKE,
    ClosingKind.CANCELLATION: RegistrationEvent.CANCEL,
}
ENTRIES = {
    ClosingKind.REVOCATION: RegistrationKind.REVOCATION,
    ClosingKind.CANCELLATION: RegistrationKind.CANCELLATION,
}
TRANSITIONS: dict[tuple[ClosingState, ClosingEvent], ClosingState] = {
    (ClosingState.ASKED, ClosingEvent.CONFIRM): ClosingState.CONFIRMED,
    (ClosingState.ASKED, ClosingEvent.REFUSE): ClosingState.REFUSED,
    (ClosingState.ASKED, ClosingEvent.WITHDRAW): ClosingState.WITHDRAWN,
}


class WrongState(Conflict):
    """The ask was decided or withdrawn before."""

    code = "closing.wrong_state"


class AskedAlready(Conflict):
    """A revocation or cancellation of the registration waits for the second person."""

    code = "closing.asked_already"
    title = "已有待确认的撤销或注销"
    title_en = "Another closing waits for its confirmation"


class SecondPersonNeeded(NotAllowed):
    """Who asked does not decide."""

    code = "closing.second_person_needed"


class NotTheAsker(NotAllowed):
    """Only who asked takes it back."""

    code = "closing.not_the_asker"


def after(state: ClosingState, event: ClosingEvent) -> ClosingState:
    """Return the state of an ask after an event.

    Raises:
        WrongState: it was decided or withdrawn before.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(
            f"这项申请目前为“{STATE_TITLES[state]}”，不能再办理；如仍须撤销或注销，请重新提出",
            detail_en=f"The ask is {state}; ask anew",
            rule="REG-08",
        ) from None


def refuse_second_ask(number: str, kind: ClosingKind | None, asked_by: str) -> None:
    """Refuse to ask while another closing of the registration waits; ``kind`` is that of the one that waits.

    Raises:
        AskedAlready: one does.
    """
    if kind is not None:
        raise AskedAlready(
            f"登记 {number} 的{KIND_TITLES[kind]}已由 {asked_by} 提出，待另一名登记人员确认；请先确认、不同意或撤回",
            detail_en=f"{asked_by} has asked for a {kind} of {number}",
            rule="REG-08",
        )


def refuse_same_person(number: str, kind: ClosingKind, asked_by: str, *, is_same: bool) -> None:
    """Refuse that who asked for a closing decides it.

    Raises:
        SecondPersonNeeded: it is the same person.
    """
    if is_same:
        raise SecondPersonNeeded(
            f"登记 {number} 的{KIND_TITLES[kind]}由 {asked_by} 提出，须由另一名登记人员确认（双人复核）；您可以撤回",
            detail_en="Another registrar has to confirm; you may withdraw it",
            rule="REG-08",
        )


def refuse_other_person(number: str, asked_by: str, *, is_same: bool) -> None:
    """Refuse that anybody but the asker takes an ask back.

    Raises:
        NotTheAsker: it is somebody else.
    """
    if not is_same:
        raise NotTheAsker(
            f"登记 {number} 的这项申请由 {asked_by} 提出，只能由其本人撤回；不同意的，请写明理由予以退回",
            detail_en=f"Only {asked_by} withdraws it; refuse it with a reason",
            rule="REG-08",
        )
