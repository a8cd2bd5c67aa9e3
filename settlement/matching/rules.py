"""Matching items of the provider, the orders, the ledger and the bank by reference, to the fen. Pure, no guessing.

Items meet in a dictionary by reference: one to one (a charge), one to many and many to one (a payout and its lines,
a payout and the credits of the bank, a line of the bank and the payments it brought). What does not agree becomes a
:class:`Finding` of one of fourteen kinds (E11). Amount and date alone never match anything.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import chain

from kernel.calendar import Period
from kernel.money import ZERO, Money, total


class Side(StrEnum):
    """Who says it: 支付机构, 订单, 账簿, 银行."""

    PROVIDER = "provider"
    ORDERS = "orders"
    LEDGER = "ledger"
    BANK = "bank"


class Flow(StrEnum):
    """What moved."""

    CHARGE = "charge"  # 在线收款
    REFUND = "refund"  # 在线退款
    DISPUTE = "dispute"  # 付款人银行划走或退回
    PAYOUT = "payout"  # 支付机构结算到银行
    RECEIPT = "receipt"  # 银行来款
    SENT = "sent"  # 银行付出
    TRANSFER = "transfer"  # 经支付机构付给收款方
    ACCOUNT = "account"  # 预付余额或月结支付，钱不经外部
    RIGHT = "right"  # 使用权
    OTHER = "other"  # 支付机构的其他款项


class Kind(StrEnum):
    """In which way the sides disagree (E11)."""

    MISSING = "missing"  # 一方缺失
    DOUBLED = "doubled"  # 重复
    AMOUNT = "amount"  # 金额不符
    CURRENCY = "currency"  # 币种不符
    FEE = "fee"  # 手续费不符
    DATE_CUT_OFF = "date_cut_off"  # 跨期
    REFUND_LINKED_WRONGLY = "refund_linked_wrongly"  # 退款挂错原收款
    DISPUTE = "dispute"  # 银行争议不一致
    PAYOUT_SHORT = "payout_short"  # 结算款短缺
    PAYOUT_SPLIT = "payout_split"  # 结算款分笔到账
    UNKNOWN_REFERENCE = "unknown_reference"  # 编号无法识别
    REVERSED_TWICE = "reversed_twice"  # 重复退回或冲销
    ENTITLEMENT_WITHOUT_MONEY = "entitlement_without_money"  # 有使用权而无款项
    MONEY_WITHOUT_ENTITLEMENT = "money_without_entitlement"  # 有款项而无使用权


# which sides have to say it; the first is the outside world
SIDES_OF: Mapping[Flow, tuple[Side, ...]] = {
    Flow.CHARGE: (Side.PROVIDER, Side.ORDERS, Side.LEDGER),
    Flow.REFUND: (Side.PROVIDER, Side.ORDERS, Side.LEDGER),
    Flow.DISPUTE: (Side.PROVIDER, Side.ORDERS, Side.LEDGER),
    Flow.PAYOUT: (Side.PROVIDER, Side.BANK, Side.LEDGER),
    Flow.RECEIPT: (Side.BANK, Side.ORDERS, Side.LEDGER),
    Flow.SENT: (Side.BANK, Side.ORDERS, Side.LEDGER),
    Flow.TRANSFER: (Side.PROVIDER, Side.ORDERS, Side.LEDGER),
    Flow.ACCOUNT: (Side.ORDERS, Side.LEDGER),
    Flow.OTHER: (Side.PROVIDER,),
}
MONEY_IN = (Flow.CHARGE, Flow.RECEIPT, Flow.ACCOUNT)
GOING_BACK = (Flow.REFUND, Flow.DISPUTE)
UNDER_WAY = (Flow.PAYOUT, Flow.SENT, Flow.TRANSFER)  # an account of its own holds what is between two days
IN_PARTS = (Flow.PAYOUT, Flow.RECEIPT, Flow.SENT)  # several items of one side may make up one of another


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that one side says; ``amount`` is what it moved, out below zero."""

    side: Side
    key: str  # its name on that side, once
    flow: Flow
    reference: str  # what the sides have in common
    amount: Money
    day: date
    currency: str = "CNY"
    fee: Money = ZERO
    net: Money | None = None  # what the provider says is left after its fee
    parent: str = ""  # the charge that goes back
    batch: str = ""  # the payout in which the provider says it is
    own: str = ""  # our own number, as the provider carries it
    order: str = ""  # number of the order
    is_granting: bool = False  # money in full, for which there must be an entitlement
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: what kind, on which side something is wrong, and everything the sides say about it."""

    kind: Kind
    side: Side | None
    flow: Flow
    reference: str
    items: tuple[Item, ...]
    difference: Money  # by how much, never below zero
    since: date

    @property
    def fingerprint(self) -> str:
        """What makes it the same disagreement in the next run: kind, side, flow and reference."""
        return digest([self.kind, self.side or "", self.flow, self.reference])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: the disagreements, and how many references agreed, by flow."""

    findings: tuple[Finding, ...]
    agreed: Mapping[Flow, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked: a period, references to look at whatever their day, our numbers, and what the provider may charge.

    ``fee`` returns the agreed fee of a charge, or None where nothing is agreed.
    """

    period: Period
    watched: Collection[str] = frozenset()
    known: Collection[str] = frozenset()
    fee: Callable[[Item], Money | None] = field(default=lambda item: None)


def digest(parts: Iterable[object]) -> str:
    """Return the SHA-256 of parts that are texts, joined so that none can pass for two."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def match(items: Iterable[Item], scope: Scope) -> Outcome:
    """Match all items by reference and name every disagreement that touches the period.

    The result does not depend on the order of the items. Tolerance is 0 fen.
    """
    groups: dict[tuple[Flow, str], list[Item]] = defaultdict(list)
    orders: dict[str, list[Item]] = defaultdict(list)
    batches: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.order:
            orders[item.order].append(item)
        if item.batch and item.flow is not Flow.PAYOUT:
            batches[item.batch].append(item)
        if item.flow is not Flow.RIGHT:
            groups[item.flow, item.reference].append(item)
    for group in chain(groups.values(), orders.values()):
        group.sort(key=_in_order)
    over = _reversed_twice(groups, scope)
    found = [*over]
    gone_twice = {item.reference for finding in over for item in finding.items if item.flow in GOING_BACK}
    agreed: dict[Flow, int] = defaultdict(int)
    for (flow, reference), group in groups.items():
        if not _touches(group, scope) or (flow in GOING_BACK and reference in gone_twice):
            continue
        named = list(_of_group(flow, reference, group, batches.get(reference, ()), scope))
        known_twice = any(one.flow is flow and one.reference == reference for one in over)
        found += named if not known_twice else []
        agreed[flow] += not named and not known_twice
    found += _of_orders(orders, scope)
    return Outcome(tuple(sorted(found, key=lambda one: (one.reference, one.kind, one.side or ""))), dict(agreed))


def _in_order(item: Item) -> tuple[date, str]:
    return item.day, item.key


def _touches(group: Sequence[Item], scope: Scope) -> bool:
    return any(scope.period.contains(item.day) or item.reference in scope.watched for item in group)


def _of_group(
    flow: Flow, reference: str, group: Sequence[Item], batch: Sequence[Item], scope: Scope
) -> Iterator[Finding]:
    by_side: dict[Side, list[Item]] = defaultdict(list)
    for item in group:
        by_side[item.side].append(item)
    if flow is Flow.DISPUTE:
        yield from _dispute(reference, group, by_side)
        return
    absent = list(_absent(flow, reference, group, by_side, scope))
    yield from absent
    if any(one.kind is Kind.UNKNOWN_REFERENCE or one.side is Side.ORDERS for one in absent):
        return
    if flow is Flow.PAYOUT:
        yield from _payout(reference, group, by_side, batch)
    else:
        yield from _amounts(flow, reference, group, by_side)
    yield from _fees(flow, reference, by_side[Side.PROVIDER], scope)
    yield from _links(flow, reference, group, by_side)
    days = {scope.period.contains(item.day) for item in group}
    if len(days) > 1 and not absent and flow not in UNDER_WAY:
        yield _finding(Kind.DATE_CUT_OFF, None, flow, reference, group)


def _absent(
    flow: Flow, reference: str, group: Sequence[Item], by_side: Mapping[Side, Sequence[Item]], scope: Scope
) -> Iterator[Finding]:
    """Name the side that is silent. Books follow orders: where the orders are silent, the books are not blamed."""
    sides = SIDES_OF[flow]
    middle = sides[1] if len(sides) > 2 else sides[0]
    if flow is Flow.OTHER:
        yield _finding(Kind.UNKNOWN_REFERENCE, sides[0], flow, reference, group)
    elif Side.ORDERS in sides and not by_side.get(Side.ORDERS):
        outside = by_side.get(sides[0], ())
        is_known = any(item.own and item.own in scope.known for item in outside)
        if outside and not is_known:
            yield _finding(Kind.UNKNOWN_REFERENCE, sides[0], flow, reference, group)
        else:
            yield _finding(Kind.MISSING, Side.ORDERS, flow, reference, group)
    elif flow is Flow.PAYOUT and not by_side.get(Side.PROVIDER):
        yield _finding(Kind.MISSING, Side.PROVIDER, flow, reference, group)
    else:
        for side in sides:
            if not by_side.get(side) or (side is Side.LEDGER and not _sum(by_side[side])):
                if not _is_reversed(by_side.get(side, ())):
                    yield _finding(Kind.MISSING, side, flow, reference, group)
                elif side is not middle:
                    yield _finding(Kind.AMOUNT, side, flow, reference, group, _sum(by_side[middle]))


def _is_reversed(found: Sequence[Item]) -> bool:
    return len({item.amount < ZERO for item in found}) > 1


def _sum(found: Iterable[Item]) -> Money:
    return total(item.amount for item in found)


def _amounts(
    flow: Flow, reference: str, group: Sequence[Item], by_side: Mapping[Side, Sequence[Item]]
) -> Iterator[Finding]:
    """Compare every side with the first that speaks: currency first, then doubling, then the amount."""
    if len({item.currency for item in group}) > 1:
        yield _finding(Kind.CURRENCY, Side.PROVIDER, flow, reference, group)
        return
    speaking = [side for side in SIDES_OF[flow] if by_side.get(side) and _sum(by_side[side])]
    if not speaking:
        return
    right = _agreed_sum(flow, [by_side[side] for side in speaking])
    for side in speaking:
        found, amount = by_side[side], _sum(by_side[side])
        if amount == right:
            continue
        is_doubled = len(found) > 1 and all(item.amount == right for item in found)
        kind = Kind.DOUBLED if is_doubled else Kind.AMOUNT
        yield _finding(kind, side, flow, reference, group, abs(amount - right))


def _agreed_sum(flow: Flow, speaking: Sequence[Sequence[Item]]) -> Money:
    """Return the amount that most sides say; where they are even, what the first one says (the outside world)."""
    sums = [_sum(found) for found in speaking]
    if flow not in IN_PARTS:  # a doubled item says its amount once
        sums += [found[0].amount for found in speaking if len(found) > 1 and not _is_reversed(found)]
    else:
        sums += [found[0].amount for found in speaking if len({one.amount for one in found}) == 1 and len(found) > 1]
    best = max(sums.count(one) for one in sums)
    return next(one for one in sums if sums.count(one) == best)


def _fees(flow: Flow, reference: str, lines: Sequence[Item], scope: Scope) -> Iterator[Finding]:
    """Check the provider's own arithmetic and, for a charge, the fee that was agreed."""
    for line in lines:
        if line.net is None or flow is Flow.PAYOUT:
            continue
        agreed = scope.fee(line) if flow is Flow.CHARGE else None
        wrong = abs(line.amount - line.fee - line.net)
        if not wrong and agreed is not None:
            wrong = abs(line.fee - agreed)
        if wrong:
            yield _finding(Kind.FEE, Side.PROVIDER, flow, reference, [line], wrong)
            return


def _links(
    flow: Flow, reference: str, group: Sequence[Item], by_side: Mapping[Side, Sequence[Item]]
) -> Iterator[Finding]:
    if flow is Flow.REFUND and by_side.get(Side.PROVIDER) and by_side.get(Side.ORDERS):
        theirs, ours = by_side[Side.PROVIDER][0].parent, by_side[Side.ORDERS][0].parent
        if theirs and ours and theirs != ours:
            yield _finding(Kind.REFUND_LINKED_WRONGLY, Side.PROVIDER, flow, reference, group)


def _dispute(reference: str, group: Sequence[Item], by_side: Mapping[Side, Sequence[Item]]) -> Iterator[Finding]:
    """Whatever the sides say differently about a dispute is one thing to look at."""
    sums = {side: _sum(by_side.get(side, ())) for side in SIDES_OF[Flow.DISPUTE]}
    if len(set(sums.values())) > 1 or len({item.currency for item in group}) > 1:
        largest, smallest = max(sums.values()), min(sums.values())
        silent = next((side for side in sums if not by_side.get(side)), None)
        yield _finding(Kind.DISPUTE, silent, Flow.DISPUTE, reference, group, largest - smallest)


def _payout(
    reference: str, group: Sequence[Item], by_side: Mapping[Side, Sequence[Item]], batch: Sequence[Item]
) -> Iterator[Finding]:
    """Hold a payout against the lines in it (many to one) and against the credits of the bank (one to many)."""
    if len({item.currency for item in group}) > 1:
        yield _finding(Kind.CURRENCY, Side.BANK, Flow.PAYOUT, reference, group)
        return
    stated, came = by_side.get(Side.PROVIDER, ()), by_side.get(Side.BANK, ())
    if not stated:
        return
    left = abs(stated[0].amount)
    if len(stated) > 1:
        yield _finding(Kind.DOUBLED, Side.PROVIDER, Flow.PAYOUT, reference, group, abs(_sum(stated)) - left)
    inside = total(line.net if line.net is not None else line.amount - line.fee for line in batch)
    if batch and inside != left:
        yield _finding(Kind.PAYOUT_SHORT, Side.PROVIDER, Flow.PAYOUT, reference, [*group, *batch], abs(inside - left))
    booked = abs(_sum(by_side.get(Side.LEDGER, ())))
    if booked and booked != left:
        yield _finding(Kind.AMOUNT, Side.LEDGER, Flow.PAYOUT, reference, group, abs(booked - left))
    arrived = _sum(came)
    if not came or (len(came) <= 1 and arrived == left):
        return
    if arrived < left:
        yield _finding(Kind.PAYOUT_SHORT, Side.BANK, Flow.PAYOUT, reference, group, left - arrived)
    elif arrived == left:
        yield _finding(Kind.PAYOUT_SPLIT, Side.BANK, Flow.PAYOUT, reference, group)
    else:
        is_doubled = all(item.amount == left for item in came) and len(came) > 1
        kind = Kind.DOUBLED if is_doubled else Kind.AMOUNT
        yield _finding(kind, Side.BANK, Flow.PAYOUT, reference, group, arrived - left)


def _reversed_twice(groups: Mapping[tuple[Flow, str], Sequence[Item]], scope: Scope) -> list[Finding]:
    """Name charges of which one side took back more than came, and entries that were reversed more than once."""
    back: dict[tuple[Side, str], list[Item]] = defaultdict(list)
    for (flow, _), group in groups.items():
        for item in group:
            if flow in GOING_BACK and item.parent:
                back[item.side, item.parent].append(item)
    found = []
    for (side, parent), returns in back.items():
        charge = [item for item in groups.get((Flow.CHARGE, parent), ()) if item.side is side]
        over = -_sum(returns) - (charge[0].amount if charge else ZERO)
        once = {item.reference for item in returns if item.amount < ZERO}
        if charge and over > ZERO and len(once) > 1 and _touches([*charge, *returns], scope):
            found.append(_finding(Kind.REVERSED_TWICE, side, Flow.CHARGE, parent, [*charge, *returns], over))
    for (flow, reference), group in groups.items():
        booked = [item for item in group if item.side is Side.LEDGER]
        if flow not in MONEY_IN or not _touches(group, scope):
            continue
        undone, done = [one for one in booked if one.amount < ZERO], [one for one in booked if one.amount > ZERO]
        if len(undone) > max(len(done), 1):
            found.append(_finding(Kind.REVERSED_TWICE, Side.LEDGER, flow, reference, group, abs(_sum(booked))))
    return _one_per_reference(found)


def _one_per_reference(found: Iterable[Finding]) -> list[Finding]:
    """Keep one finding per charge: the outside world's, else the orders', else the books'."""
    rank = {side: place for place, side in enumerate(Side)}
    best: dict[tuple[Flow, str], Finding] = {}
    for one in found:
        known = best.get((one.flow, one.reference))
        if known is None or rank[one.side or Side.BANK] < rank[known.side or Side.BANK]:
            best[one.flow, one.reference] = one
    return list(best.values())


def _of_orders(orders: Mapping[str, Sequence[Item]], scope: Scope) -> Iterator[Finding]:
    """Hold entitlements against money, order by order."""
    for order, group in orders.items():
        rights = [item for item in group if item.flow is Flow.RIGHT]
        money = [item for item in group if item.flow in MONEY_IN]
        granting = [item for item in money if item.is_granting]
        if rights and not money and _touches(rights, scope):
            yield _finding(Kind.ENTITLEMENT_WITHOUT_MONEY, Side.ORDERS, Flow.RIGHT, order, group, _sum(rights))
        elif granting and not rights and _touches(granting, scope):
            back = [item for item in group if item.side is Side.ORDERS and item.flow in (*GOING_BACK, Flow.SENT)]
            left = _sum(granting) + _sum(back)
            if left > ZERO:
                yield _finding(Kind.MONEY_WITHOUT_ENTITLEMENT, Side.ORDERS, Flow.RIGHT, order, group, left)


def _finding(
    kind: Kind, side: Side | None, flow: Flow, reference: str, items: Iterable[Item], difference: Money | None = None
) -> Finding:
    shown = tuple(sorted(set(items), key=lambda item: (item.side, item.day, item.key)))
    if difference is None:  # what is missing, split or in doubt is the whole of it
        difference = max((abs(item.amount) for item in shown), default=ZERO)
    return Finding(kind, side, flow, reference, shown, difference, min(item.day for item in shown))
