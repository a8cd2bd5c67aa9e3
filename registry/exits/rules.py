"""What an exit demands, which records stay, and the states of its file; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.calendar import add_months
from kernel.errors import Conflict, Invalid
from registry.agreements.rules import AgreementState, ExitGround
from registry.parties.rules import N_


class ExitState(StrEnum):
    """Where an exit stands; ``OPEN`` by itself as soon as the authorization has ended."""

    OPEN = "open"
    CERTIFIED = "certified"
    CLOSED = "closed"


class ExitEvent(StrEnum):
    """What happens to an exit."""

    CERTIFY = "certify"
    CLOSE = "close"


class ExitReason(StrEnum):
    """Why an authorization has ended (AGR-04), the end of its term and its revocation included."""

    EXPIRY = "expiry"
    OPERATOR_REQUEST = "operator_request"
    BREACH = "breach"
    OTHER_ILLEGALITY = "other_illegality"
    REVOCATION = "revocation"


class KeptRecord(StrEnum):
    """Records that no deletion touches (DEL-02)."""

    REGISTRY = "registry"
    PRICE = "price"
    ORDER = "order"
    SETTLEMENT = "settlement"
    AUDIT = "audit"


STATE_TITLES = {ExitState.OPEN: "退出办理中", ExitState.CERTIFIED: "已出具删除证明", ExitState.CLOSED: "已了结"}
EVENT_TITLES = {ExitEvent.CERTIFY: "出具删除证明", ExitEvent.CLOSE: "了结"}
REASON_TITLES = {
    ExitReason.EXPIRY: N_("协议期限届满"),
    ExitReason.OPERATOR_REQUEST: N_("运营机构申请退出"),
    ExitReason.BREACH: N_("违约且未按期整改"),
    ExitReason.OTHER_ILLEGALITY: N_("其他违法违规情形"),
    ExitReason.REVOCATION: N_("撤销授权"),
}
KEPT_TITLES = {
    KeptRecord.REGISTRY: N_("登记档案"),
    KeptRecord.PRICE: N_("价格档案"),
    KeptRecord.ORDER: N_("订单和交易记录"),
    KeptRecord.SETTLEMENT: N_("结算和会计记录"),
    KeptRecord.AUDIT: N_("审计日志"),
}
REASON_OF_GROUND = {
    ExitGround.OPERATOR_REQUEST: ExitReason.OPERATOR_REQUEST,
    ExitGround.BREACH: ExitReason.BREACH,
    ExitGround.OTHER_ILLEGALITY: ExitReason.OTHER_ILLEGALITY,
}
TRANSITIONS: dict[tuple[ExitState, ExitEvent], ExitState] = {
    (ExitState.OPEN, ExitEvent.CERTIFY): ExitState.CERTIFIED,
    (ExitState.CERTIFIED, ExitEvent.CLOSE): ExitState.CLOSED,
}


class WrongState(Conflict):
    """The exit is not in a state in which this can happen."""

    code = "exit.wrong_state"


class NotEnded(Conflict):
    """The authorization has not ended, so that there is nothing to exit from."""

    code = "exit.not_ended"


class DeletedTooEarly(Invalid):
    """The deletion is said to lie before the exit, or in the future."""

    code = "exit.deletion_date"


class SettlementMissing(Conflict):
    """The final settlement has not been named."""

    code = "exit.settlement_missing"
    title = "最终结算尚未办结"
    title_en = "The final settlement is missing"


class LogsMustStay(Conflict):
    """The network logs are still within the period for which they must be kept."""

    code = "exit.logs_must_stay"
    title = "网络日志尚在留存期内"
    title_en = "The logs must still be kept"


class GroundsDiffer(Conflict):
    """The second person states another ground than the first one did."""

    code = "exit.grounds_differ"
    title = "两人所述事由不一致"
    title_en = "The two persons state different grounds"


class PartNotEnded(Conflict):
    """The end of that part of the data waits for its second person: nothing is to be deleted yet."""

    code = "exit.part_not_ended"


class PartCertified(Conflict):
    """Another certificate was issued for that part already."""

    code = "exit.part_certified"


@dataclass(frozen=True, slots=True)
class Stated:
    """On what somebody wants an authorization ended: a ground of the law, or for a revocation its reason alone."""

    ground: ExitGround | None
    reason: str
    by: str

    def words(self) -> str:
        """Return the ground as it is named to people."""
        return REASON_TITLES[REASON_OF_GROUND[self.ground]] if self.ground else self.reason.strip()


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the checklist of an exit."""

    code: str
    title: str
    is_done: bool
    due: date | None
    note: str
    rule: str


def after(state: ExitState, event: ExitEvent) -> ExitState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to an exit in this state.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"退出档案目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The exit is {state}; {event} is not possible.",
            rule="DEL-01",
        )
    return TRANSITIONS[state, event]


def possible(state: ExitState) -> tuple[ExitEvent, ...]:
    """Return the events that can happen in this state."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def reason_of(state: AgreementState, ground: ExitGround | None) -> ExitReason:
    """Return why an authorization has ended; an open one whose term is over has expired by itself.

    Source:
        新昌县公共数据授权运营实施方案 三（四）3（6） (AGR-04).
    """
    if state is AgreementState.REVOKED:
        return ExitReason.REVOCATION
    return ExitReason.EXPIRY if ground is None else REASON_OF_GROUND[ground]


def is_same_ground(asked: Stated, given: Stated) -> bool:
    """Say whether both state the same: the same ground, or for a revocation the same reason, spaces apart."""
    if asked.ground is not None or given.ground is not None:
        return asked.ground is given.ground
    return "".join(asked.reason.split()) == "".join(given.reason.split())


def check_same_ground(number: str, asked: Stated, given: Stated) -> None:
    """Refuse a confirmation on another ground than the one that was asked for.

    Raises:
        GroundsDiffer: naming both.
    """
    if not is_same_ground(asked, given):
        pointer = "/ground" if asked.ground else "/reason"
        words = f"{asked.by} 提出的事由为“{asked.words()}”，{given.by} 确认的事由为“{given.words()}”"
        raise GroundsDiffer(
            f"协议 {number}：{words}，两人所述应当一致。请核实后按同一事由确认，或由提出人更正后重新提出",
            detail_en=f"{number}: asked for “{asked.words()}”, confirmed for “{given.words()}”.",
            rule="AGR-04",
            errors=[{"pointer": pointer, "code": GroundsDiffer.code, "message": words}],
        )


def logs_kept_until(exit_date: date, months: int) -> date:
    """Return the day until which the network logs must be kept at least: so many months after the exit.

    An exit of 2028-06-30 and six months give 2028-12-30.

    Source:
        新昌县公共数据授权运营实施方案 三（四）3（6）; 网络安全法 (DEL-01).
    """
    return add_months(exit_date, months)


def check_log_deletion(number: str, kept_until: date, on: date) -> None:
    """Refuse to delete network logs that must still be kept.

    Raises:
        LogsMustStay: the day lies within the period, its last day included.

    Source:
        新昌县公共数据授权运营实施方案 三（四）3（6） (DEL-01).
    """
    if on <= kept_until:
        raise LogsMustStay(
            f"{number} 的网络日志应留存至 {kept_until}，此前不得删除；请在该日之后办理",
            detail_en=f"The logs of {number} stay until {kept_until}.",
            rule="DEL-01",
        )


def check_deletion_date(exit_date: date, deleted_on: date, today: date) -> None:
    """Refuse a deletion that is said to lie before the exit or in the future.

    Raises:
        DeletedTooEarly: it does.
    """
    if not exit_date <= deleted_on <= today:
        words = f"删除时间应在退出日 {exit_date} 之后、出具证明之前"
        raise DeletedTooEarly(
            f"{words}，填写为 {deleted_on}；请核对",
            detail_en=f"The deletion lies between {exit_date} and today.",
            rule="DEL-01",
            errors=[{"pointer": "/deleted_at", "code": DeletedTooEarly.code, "message": words}],
        )


def check_settled(number: str, reference: str | None) -> None:
    """Refuse to close an exit whose final settlement is not named.

    Raises:
        SettlementMissing: no reference was handed in.
    """
    if reference is None:
        raise SettlementMissing(
            f"退出档案 {number} 尚未登记最终结算：应结算至退出日并登记结算单编号，再行了结",
            detail_en="Name the final settlement first.",
            rule="AGR-07",
        )


def is_same_certificate(known: Mapping[str, object], given: Mapping[str, object]) -> bool:
    """Say whether a certificate handed in again says what is already certified: then nothing happens (DEL-01)."""
    return all(known.get(name) == value for name, value in given.items())


def refuse_other_certificate(number: str, *, is_same: bool) -> None:
    """Refuse a second certificate for the same part that says something else.

    Raises:
        PartCertified: it does.
    """
    if not is_same:
        raise PartCertified(
            f"该部分数据的删除证明 {number} 已出具，不得更改；内容有误的，请向主管部门说明",
            detail_en=f"{number} was issued already.",
            rule="DEL-01",
        )


def tasks(
    *, exit_date: date, today: date, certified_on: date | None, logs_until: date | None, settlement: str | None
) -> tuple[Task, ...]:
    """Return the checklist of an exit with what is done on that day.

    Access closes by itself on the day of the exit, for it is derived; logs are a duty to keep, not to delete.

    Source:
        新昌县公共数据授权运营实施方案 三（四）3（6） (ACC-02, DEL-01, DEL-02, AGR-07).
    """
    deleted = certified_on is not None
    return (
        Task("access_closed", N_("平台访问权限已关闭"), True, exit_date, "", "ACC-02"),
        Task("data_deleted", N_("平台上留存的数据已删除并出具证明"), deleted, certified_on, "", "DEL-01"),
        Task("logs_kept", N_("网络日志留存"), logs_until is not None and today > logs_until, logs_until, "", "DEL-01"),
        Task("settled", N_("结算至退出日"), settlement is not None, None, settlement or "", "AGR-07"),
    )
