"""What a public data resource is; pure."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict
from registry.parties.rules import N_


class AccessKind(StrEnum):
    """Whether the source department supplies the resource free of charge or for a fee."""

    FREE = "free"
    PAID = "paid"


class ResourceEvent(StrEnum):
    """What a source department does with an entry of its catalogue."""

    CHANGE = "change"
    BAR = "bar"
    UNBAR = "unbar"


ACCESS_TITLES = {AccessKind.FREE: N_("无偿"), AccessKind.PAID: N_("有偿")}

# barred before -> event -> barred after
TRANSITIONS: dict[tuple[bool, ResourceEvent], bool] = {
    (False, ResourceEvent.CHANGE): False,
    (True, ResourceEvent.CHANGE): True,
    (False, ResourceEvent.BAR): True,
    (True, ResourceEvent.UNBAR): False,
}


class WrongResourceState(Conflict):
    """The entry is already barred, or was not barred."""

    code = "resource.wrong_state"


class ResourceBarred(Conflict):
    """Data barred from opening may not be authorized."""

    code = "resource.barred"
    title = "不予开放的公共数据不得授权"
    title_en = "Data barred from opening cannot be authorized"


def barred_after(barred: bool, event: ResourceEvent) -> bool:
    """Return whether the resource is barred from opening (不予开放) after an event.

    Raises:
        WrongResourceState: it is barred already, or was not barred.
    """
    if (barred, event) not in TRANSITIONS:
        words = "已列为不予开放" if barred else "未列为不予开放"
        raise WrongResourceState(
            f"该数据资源{words}，无需重复办理 {event}", detail_en=f"{event} changes nothing", rule="APP-05"
        )
    return TRANSITIONS[barred, event]


def refuse_barred(code: str, title: str, barred: bool) -> None:
    """Refuse a resource that is barred from opening.

    Raises:
        ResourceBarred: it is.

    Source:
        新昌县公共数据授权运营实施方案; 福田区公共数据授权运营暂行管理办法 第二条 (APP-05).
    """
    if barred:
        raise ResourceBarred(
            f"数据资源 {code}《{title}》属不予开放的公共数据，不得纳入授权运营范围；请从清单中移除",
            detail_en=f"Resource {code} is barred from opening and cannot be authorized.",
            rule="APP-05",
        )
