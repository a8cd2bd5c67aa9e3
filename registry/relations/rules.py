"""Which organisations are related, through which chain of edges (关联方); pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_


class RelationKind(StrEnum):
    """How one organisation is related to another; ``from`` controls or holds, ``to`` is controlled or held."""

    CONTROL = "control"
    COMMON_CONTROL = "common_control"
    SHARE = "share"


class Origin(StrEnum):
    """Who says so: the organisation itself, or the authority."""

    DECLARED = "declared"
    RECORDED = "recorded"


KIND_TITLES = {
    RelationKind.CONTROL: N_("控制"),
    RelationKind.COMMON_CONTROL: N_("受同一控制"),
    RelationKind.SHARE: N_("持股"),
}
ORIGIN_TITLES = {Origin.DECLARED: N_("单位自行申报"), Origin.RECORDED: N_("主管部门登记")}


class RelationRefused(Invalid):
    """An edge that joins an organisation to itself, has no share, or ends before it begins."""

    code = "relation.refused"


class AlreadyRelated(Conflict):
    """The same edge is in force already."""

    code = "relation.already_related"


class AlreadyEnded(Conflict):
    """The edge was ended before."""

    code = "relation.already_ended"


@dataclass(frozen=True, slots=True)
class Edge:
    """One relation: who, to whom, of which kind; ``share`` is a fraction of the equity, for shares alone."""

    id: UUID
    from_id: UUID
    to_id: UUID
    kind: RelationKind
    share: Decimal | None = None

    def other(self, party_id: UUID) -> UUID:
        """Return the organisation at the other end."""
        return self.to_id if party_id == self.from_id else self.from_id


def check_edge(
    *, from_id: UUID, to_id: UUID, kind: RelationKind, share: Decimal | None, start: date, end: date | None
) -> None:
    """Refuse an edge that says nothing.

    Raises:
        RelationRefused: both ends are the same, a share is missing or senseless, or the days are not in order.
    """
    pointer, words = "", ""
    if from_id == to_id:
        pointer, words = "/to_id", "关联关系须在两个不同的单位之间"
    elif kind is RelationKind.SHARE and (share is None or not 0 < share <= 1):
        pointer, words = "/share", "持股关系须写明持股比例，大于 0 且不超过 1（例如 0.25 即 25%）"
    elif kind is not RelationKind.SHARE and share is not None:
        pointer, words = "/share", "只有持股关系写明持股比例；控制、受同一控制请勿填写"
    elif end is not None and end <= start:
        pointer, words = "/until", "终止日须晚于起始日（终止日当天不再计入）"
    if words:
        raise RelationRefused(
            f"{words}；请更正后重新提交",
            detail_en="An edge joins two organisations, with a share only for shares, and ends after it begins.",
            rule="DEV-01",
            errors=[{"pointer": pointer, "code": RelationRefused.code, "message": words}],
        )


def counts(edge: Edge, share_min: Decimal | None) -> bool:
    """Say whether an edge relates its two organisations.

    Control and common control always do. A share does at or over ``share_min``; where no ratio is configured no share
    counts, for the text gives none. Shares along a chain are not multiplied: no text says so [I].

    Args:
        edge: the relation.
        share_min: fraction of the equity from which a share counts (``seller.related_party_equity_rate_min``).

    Source:
        27号 第六条（直接或间接参与）, DEV-01.
    """
    if edge.kind is not RelationKind.SHARE:
        return True
    return share_min is not None and edge.share is not None and edge.share >= share_min


def paths(edges: Iterable[Edge], start: UUID, share_min: Decimal | None) -> dict[UUID, tuple[Edge, ...]]:
    """Return every organisation related to ``start`` with a shortest chain of edges to it, ``start`` itself left out.

    Edges are followed in both directions: who controls is as related as who is controlled. Circles end by themselves;
    of several shortest chains the one whose edges were entered first is given.

    Source:
        27号 第六条, DEV-01.
    """
    around: dict[UUID, list[Edge]] = {}
    for edge in sorted(edges, key=lambda one: one.id):
        if counts(edge, share_min):
            around.setdefault(edge.from_id, []).append(edge)
            around.setdefault(edge.to_id, []).append(edge)
    found: dict[UUID, tuple[Edge, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        at = queue.popleft()
        for edge in around.get(at, []):
            nearby = edge.other(at)
            if nearby not in found:
                found[nearby] = (*found[at], edge)
                queue.append(nearby)
    del found[start]
    return found


def percent(share: Decimal) -> str:
    """Return a fraction as a percentage, exactly: ``25%``."""
    text = f"{share:%}".partition("%")[0]
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def path_words(path: Sequence[Edge], names: Mapping[UUID, str]) -> str:
    """Return a chain in words: ``甲 控制 乙；乙 持股 30% 丙``."""
    return "；".join(
        f"{names.get(edge.from_id, edge.from_id)} "
        f"{'与' if edge.kind is RelationKind.COMMON_CONTROL else KIND_TITLES[edge.kind]}"
        f"{' ' + percent(edge.share) if edge.share is not None else ''} {names.get(edge.to_id, edge.to_id)}"
        f"{' 受同一控制' if edge.kind is RelationKind.COMMON_CONTROL else ''}"
        for edge in path
    )


def share_words(share_min: Cited | None) -> str:
    """Return from which share on equity counts, and on what that rests."""
    if share_min is None:
        return "文件没有规定认定“间接”的持股比例，当地也未配置：持股关系不计入，控制和受同一控制计入"
    return f"持股 {percent(share_min.decimal())} 以上计入（{share_min.citation()}）；多层持股不相乘，逐层认定"
