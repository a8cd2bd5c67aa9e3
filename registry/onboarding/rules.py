"""Who may ask to be admitted as what, with which documents; the states of an application; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import Conflict, Invalid, NotFound, TooMany
from registry.accounts.rules import CAPACITY_OF
from registry.parties.rules import CAPACITY_TITLES, N_, Capacity


class ApplicationState(StrEnum):
    """Where an application to be admitted stands."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    PASSED = "passed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ApplicationEvent(StrEnum):
    """What happens to it."""

    RETURN = "return"
    RESUBMIT = "resubmit"
    ADMIT = "admit"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class DocumentKind(StrEnum):
    """What a document is."""

    CERTIFICATE = "certificate"
    AUTHORIZATION = "authorization"
    OTHER = "other"


TRANSITIONS: dict[tuple[ApplicationState, ApplicationEvent], ApplicationState] = {
    (ApplicationState.SUBMITTED, ApplicationEvent.RETURN): ApplicationState.RETURNED,
    (ApplicationState.SUBMITTED, ApplicationEvent.ADMIT): ApplicationState.PASSED,
    (ApplicationState.SUBMITTED, ApplicationEvent.REFUSE): ApplicationState.REFUSED,
    (ApplicationState.SUBMITTED, ApplicationEvent.WITHDRAW): ApplicationState.WITHDRAWN,
    (ApplicationState.RETURNED, ApplicationEvent.RESUBMIT): ApplicationState.SUBMITTED,
    (ApplicationState.RETURNED, ApplicationEvent.WITHDRAW): ApplicationState.WITHDRAWN,
}
RUNNING = (ApplicationState.SUBMITTED, ApplicationState.RETURNED)
STATE_TITLES = {
    ApplicationState.SUBMITTED: N_("核验中"),
    ApplicationState.RETURNED: N_("退回补正"),
    ApplicationState.PASSED: N_("已通过"),
    ApplicationState.REFUSED: N_("未通过"),
    ApplicationState.WITHDRAWN: N_("已撤回"),
}
DOCUMENT_TITLES = {
    DocumentKind.CERTIFICATE: N_("营业执照或登记证书"),
    DocumentKind.AUTHORIZATION: N_("经办人授权书"),
    DocumentKind.OTHER: N_("其他材料"),
}
# what an organisation asks to be by itself; authorities are registered by authorities
OPEN_CAPACITIES: tuple[Capacity, ...] = tuple(CAPACITY_OF.values())
ROLE_FOR = {capacity: role for role, capacity in CAPACITY_OF.items()}
MAGIC = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}


class WrongState(Conflict):
    """The application does not admit this step now."""

    code = "onboarding.wrong_state"


class AlreadyApplied(Conflict):
    """An application for the same credit code runs."""

    code = "onboarding.already_applied"
    title = "同一信用代码已有申请在办"
    title_en = "An application for this code runs already"


class CapacityNotOpen(Invalid):
    """Nobody asks to be an authority."""

    code = "onboarding.capacity_not_open"


class DocumentsRefused(Invalid):
    """Documents are missing, too many, too large or of another kind."""

    code = "onboarding.documents_refused"
    title = "材料不符合要求"
    title_en = "The documents are not acceptable"


class NoSuchApplication(NotFound):
    """Number and word do not belong together; which of the two is wrong is not said."""

    code = "onboarding.not_found"


class TooManyAttempts(TooMany):
    """Too many applications for one code, or too many words tried on one number."""

    code = "onboarding.too_many_attempts"


@dataclass(frozen=True, slots=True)
class Sent:
    """One document as it was sent."""

    kind: DocumentKind
    name: str
    content: bytes


def after(state: ApplicationState, event: ApplicationEvent) -> ApplicationState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    if (state, event) not in TRANSITIONS:
        raise WrongState(
            f"申请目前为“{STATE_TITLES[state]}”，不能办理；请刷新后查看当前状态",
            detail_en=f"The application is {state}; {event} is not possible.",
            rule="APP-04",
        )
    return TRANSITIONS[state, event]


def check_capacities(asked: Collection[Capacity]) -> None:
    """Refuse to be asked for what only authorities are.

    Raises:
        CapacityNotOpen: nothing was asked for, or something that is not open to self-service.
    """
    closed = [capacity for capacity in Capacity if capacity in asked and capacity not in OPEN_CAPACITIES]
    if closed or not asked:
        names = "、".join(CAPACITY_TITLES[capacity] for capacity in closed) or "未选择身份"
        open_ones = "、".join(CAPACITY_TITLES[capacity] for capacity in OPEN_CAPACITIES)
        raise CapacityNotOpen(
            f"{names}：自助入驻只受理{open_ones}；主管部门等由上级主管部门登记",
            detail_en="Only operators, merchants, source departments and buyers ask by themselves.",
            errors=[{"pointer": "/capacities", "code": CapacityNotOpen.code, "message": names}],
        )


def media_type_of(content: bytes) -> str | None:
    """Return what a document is by its first bytes, whatever its name says; ``None``: nothing that is taken."""
    return next((kind for start, kind in MAGIC.items() if content.startswith(start)), None)


def check_documents(documents: Iterable[Sent], *, count_max: int, bytes_max: int) -> None:
    """Refuse documents that cannot be checked.

    Args:
        documents: what was sent.
        count_max: most documents of one application.
        bytes_max: most bytes of one document.

    Raises:
        DocumentsRefused: the certificate is missing, there are too many, or one is empty, too large or no PDF or image.
    """
    listed = list(documents)
    words = ""
    if not any(document.kind is DocumentKind.CERTIFICATE for document in listed):
        words = "请上传营业执照或登记证书"
    elif len(listed) > count_max:
        words = f"材料最多 {count_max} 份"
    for document in listed:
        if not document.content or len(document.content) > bytes_max:
            words = words or f"{document.name} 为空或超过 {bytes_max} 字节，请压缩后重新上传"
        elif media_type_of(document.content) is None:
            words = words or f"{document.name} 不是 PDF、PNG 或 JPEG 文件"
    if words:
        raise DocumentsRefused(
            f"{words}；请更正后重新提交",
            detail_en="Send the certificate as PDF, PNG or JPEG.",
            errors=[{"pointer": "/documents", "code": DocumentsRefused.code, "message": words}],
        )


def no_such_application() -> NoSuchApplication:
    """Return the refusal of a number and word that do not belong together."""
    return NoSuchApplication(
        "受理编号或查询码不正确，请核对后重试", detail_en="Number and word do not belong together."
    )
