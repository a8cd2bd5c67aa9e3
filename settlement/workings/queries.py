"""Working out a settlement: a pure reading of the facts, the same bytes for the same facts on either database.

Nothing here writes. A dry run shows the result; preparing stores it; sealing works it out again and refuses to
seal anything else than what was checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.canonical import Digested, Written, streamed, text
from kernel.db import to_json
from kernel.errors import DomainError, Invalid
from kernel.money import ZERO, Money, decimal_text, total
from kernel.policy import Cited, PolicyBook
from pricing.costs.rules import cited_dict
from registry.parties.model import Party
from settlement.corrections import queries as corrections
from settlement.earnings.queries import Facts, Line, Parked, Schedules, line_of
from settlement.earnings.rules import ParkReason
from settlement.holds.queries import holds
from settlement.ledger import queries as ledger
from settlement.objections import queries as objections
from settlement.objections.rules import Pool
from settlement.policy import SettlementPolicy
from settlement.revenue import queries as revenue
from settlement.revenue.queries import Sale, Taken
from settlement.revenue.rules import UseClass
from settlement.splits import queries as splits
from settlement.splits.queries import Agreed, Contributor
from settlement.splits.rules import (
    Division,
    Payee,
    PayeeKind,
    PayeeReason,
    payee_for,
    refund,
    waterfall,
)
from settlement.taxes.queries import levies
from settlement.workings.rules import Counter, corrected

# A12: beyond this something is wrong with the data, not with the trade
PARTIES_MAX = 200
ENTRIES_PER_ORDER_AND_DAY_MAX = 50
OBJECTED = Payee(PayeeKind.HELD, PayeeReason.CONTRIBUTION_OBJECTED)


@dataclass(frozen=True, slots=True)
class Share:
    """What one party receives of one line by one step."""

    line: Line
    step: int
    party: Party
    amount: Money
    payee: Payee
    rule: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one product under one schedule, divided together; ``terms`` is None for free use without one."""

    terms: Agreed | None
    lines: list[Line]
    division: Division | None
    weights: dict[int, dict[str, str]]
    shares: list[Share]
    moved: dict[int, dict[str, Money]] = field(default_factory=dict)  # by step: put right of sealed periods (REV-04)


@dataclass(slots=True)
class Worked:
    """A settlement as worked out from the facts."""

    place: str
    period: Period
    groups: list[Group] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    vat: Cited | None = None
    taken: Mapping[UUID, Taken] = field(default_factory=dict)  # what earlier settlements took, by entitlement
    notice: str | None = None  # of the contribution figures that the departments were shown

    @property
    def lines(self) -> list[Line]:
        """Every line of revenue, by number of the entitlement."""
        return sorted(
            (line for group in self.groups for line in group.lines), key=lambda line: line.sale.entitlement.number
        )

    @property
    def shares(self) -> list[Share]:
        """Every share."""
        return [share for group in self.groups for share in group.shares]

    def totals(self) -> dict[str, Any]:
        """Return the sums of the settlement, as text."""
        lines = self.lines
        payees: dict[str, Money] = {}
        for share in self.shares:
            payees[share.payee.kind] = payees.get(share.payee.kind, ZERO) + share.amount
        return {
            "lines": len(lines), "parked": len(self.parked),
            "public_interest_lines": sum(line.use_class is UseClass.PUBLIC_INTEREST for line in lines),
            "quantity": sum(line.quantity for line in lines), "billable": sum(line.billable for line in lines),
            "gross": total(line.gross for line in lines).text(), "tax": total(line.tax for line in lines).text(),
            "net": total(line.net for line in lines).text(), "shadow": total(line.shadow for line in lines).text(),
            "shares": total(share.amount for share in self.shares).text(),
            "payees": {kind: amount.text() for kind, amount in sorted(payees.items())},
        }  # fmt: skip

    def report(self) -> dict[str, Any]:
        """Return everything by business keys: no random identifiers, no moments of work."""
        read: dict[str, Any] = json.loads("".join(self.written()))
        return read

    def written(self) -> Iterator[str]:
        """Yield the canonical text of the report in pieces: of a hundred thousand lines it is a hundred megabytes."""
        return streamed({
            "place": self.place, "period_start": self.period.start.isoformat(),
            "period_end": self.period.end.isoformat(), "totals": self.totals(),
            "vat": cited_dict(self.vat) if self.vat is not None else None, "contribution_notice": self.notice,
            "groups": (_group_dict(group) for group in self.groups),
            "parked": [parked.to_dict() for parked in self.parked],
        })  # fmt: skip

    def inputs(self) -> dict[str, Any]:
        """Return what the result rests on: use, tariffs and schedules, by business keys."""
        return {
            "lines": [
                [line.sale.entitlement.number, line.quantity, line.billable, line.rating.get("tariff")]
                for line in self.lines
            ],
            "schedules": sorted(
                {(group.terms.row.number, to_json(group.terms.row.steps)) for group in self.groups if group.terms}
            ),
        }


def digest(value: Any) -> str:
    """Return the SHA-256 over the canonical text of a value."""
    return hashlib.sha256(to_json(value).encode()).hexdigest()


def digest_of(pieces: Iterable[str]) -> str:
    """Return the SHA-256 over a text that comes in pieces."""
    going = Digested(pieces)
    for _ in going:
        pass
    return going.hex()


def work_out(session: Session, *, place: str, period: Period, received_until: datetime, book: PolicyBook) -> Worked:
    """Work out the settlement of a place for a period from everything received before a moment.

    An order that cannot be settled is parked with the reason, and the others go on.

    Source:
        REV-01 – REV-05; H1, H3, H4.
    """
    return settled(session, facts_of(session, place=place, period=period, received_until=received_until, book=book))


def facts_of(session: Session, *, place: str, period: Period, received_until: datetime, book: PolicyBook) -> Facts:
    """Return what the settlement of a place for a period rests on, as the books hold it."""
    policy = SettlementPolicy.at(book, place, period.last_day)
    sales = revenue.sales(session, place=place, before=period.end)
    used = revenue.usage_totals(session, place=place, before=period.end, received_until=received_until)
    schedules = Schedules(splits.signed_of(session, place), frozen=splits.frozen_terms(session, place))
    return Facts(
        place, period, sales, used, revenue.taken_before(session, place),
        splits.carried_by_step(session, place, schedules.over_the_term()), schedules, policy.tax_vat_rate,
        policy.payee_public_institution,
        holds(session, sales, used, place=place, period=period, received_until=received_until, book=book),
        levies(session, place, book=book),
        revenue.late_units(session, place=place, period=period, received_until=received_until),
        ledger.busy_orders(session, place=place, period=period, more_than=ENTRIES_PER_ORDER_AND_DAY_MAX),
        objections.standing(session, place, period), corrections.due(session, place, before=period.start),
    )  # fmt: skip


def settled(session: Session, facts: Facts) -> Worked:
    """Work out the settlement that follows from the facts; nothing is written."""
    worked = Worked(facts.place, facts.period, vat=facts.vat, taken=facts.taken, notice=facts.standing.notice)
    grouped: dict[tuple[str, str], tuple[Agreed | None, list[Line]]] = {}
    for sale in facts.sales:
        found, waits = line_of(facts, sale)
        if waits is not None:
            worked.parked.append(waits)
        if found is not None:
            terms = facts.schedules.for_order(sale)
            if terms is None and found.gross:
                worked.parked.append(_parked_without_schedule(sale))
                continue
            key = (sale.product.code, terms.row.number if terms else "")
            grouped.setdefault(key, (terms, []))[1].append(found)
    _divide(session, worked, [grouped[key] for key in sorted(grouped)], facts)
    return worked


def _parked_without_schedule(sale: Sale) -> Parked:
    day = business_date(sale.order.placed_at)
    words = (
        f"协议 {sale.agreement_number} 在下单日 {day} 没有已由全体当事方签署的分配方案；"
        "请补签适用于该日的方案后重新编制（REV-01，27号 第十四条（七））"
    )
    return Parked(sale, ParkReason.NO_SCHEDULE, words)


def _divide(session: Session, worked: Worked, grouped: list[tuple[Agreed | None, list[Line]]], facts: Facts) -> None:
    versions = {line.sale.order.version_id for _, lines in grouped for line in lines}
    departments = splits.contributors(session, versions)
    usage = _usage_of_departments(grouped, departments)
    counters: dict[UUID, Counter] = {}
    named = {uscc for terms, _ in grouped if terms for uscc in splits.named_parties(terms.schedule)}
    named |= {one.uscc for found in departments.values() for one in found}
    named |= {uscc for by_uscc in facts.standing.weights.values() for uscc in by_uscc}
    parties = splits.parties_of(session, named)
    rule = facts.institution.value if facts.institution is not None else None
    for terms, lines in grouped:
        if terms is None:
            worked.groups.append(Group(None, lines, None, {}, []))
            continue
        earlier = facts.carried.get(terms.row.id, {})
        counter = counters.setdefault(terms.row.id, Counter(terms.schedule, earlier))
        newest = max((line.sale.order for line in lines), key=lambda order: order.number)
        try:
            schedule, weights = splits.resolved(
                terms, departments.get(newest.version_id, []), usage, {}, _shown(terms, lines, facts)
            )
            gross, tax = total(line.gross for line in lines), total(line.tax for line in lines)
            division = waterfall(
                counter.once(schedule), gross, tax=tax, on=facts.period.last_day, carried=counter.carried
            )
            _must_be_ordinary(division)
        except DomainError as refusal:
            is_odd = isinstance(refusal, TooManyParties)
            reason = ParkReason.OUT_OF_BOUNDS if is_odd else ParkReason.SCHEDULE_UNUSABLE
            worked.parked += [Parked(line.sale, reason, refusal.detail) for line in lines]
            continue
        counter.add(division)
        division, moved = corrected(
            division, {step: facts.due.get(_pool(terms, lines, step), {}) for step in terms.coefficients}
        )
        texts = {step: {party: decimal_text(weight) for party, weight in by.items()} for step, by in weights.items()}
        frozen = {step: facts.standing.frozen.get(_pool(terms, lines, step), ()) for step in weights}
        shares = _shares(terms, lines, division, parties, rule, texts, frozen)
        worked.groups.append(Group(terms, lines, division, texts, shares, moved))
    worked.parked.sort(key=lambda parked: parked.sale.entitlement.number)


def _pool(terms: Agreed, lines: list[Line], step: int) -> Pool:
    return lines[0].sale.product.code, terms.row.number, step


def _shown(terms: Agreed, lines: list[Line], facts: Facts) -> dict[int, Mapping[str, Fraction]]:
    """Return the weights that the departments were shown, by number of the step."""
    found = {step: facts.standing.weights.get(_pool(terms, lines, step)) for step in terms.coefficients}
    return {step: weights for step, weights in found.items() if weights}


class TooManyParties(Invalid):
    """A waterfall divides among more parties than any agreement has."""

    code = "settlement.too_many_parties"


def _must_be_ordinary(division: Division) -> None:
    """Raises: TooManyParties."""
    parties = {uscc for poured in division.steps for uscc in poured.out}
    if len(parties) > PARTIES_MAX:
        raise TooManyParties(
            f"分配方案分给 {len(parties)} 方，超过 {PARTIES_MAX} 方，明显异常：请核对方案后重新编制",
            detail_en=f"{len(parties)} parties share this; more than {PARTIES_MAX} is out of the ordinary",
        )


def _usage_of_departments(
    grouped: list[tuple[Agreed | None, list[Line]]], departments: dict[UUID, list[Contributor]]
) -> dict[str, int]:
    """Return how much was used of what each department provided: units of all products made with its resources."""
    usage: dict[str, int] = {}
    for _, lines in grouped:
        for line in lines:
            for one in departments.get(line.sale.order.version_id, []):
                usage[one.uscc] = usage.get(one.uscc, 0) + line.units_behind
    return usage


def _rule(terms: Agreed, weights: dict[int, dict[str, str]], step: int, uscc: str) -> dict[str, Any]:
    """Return the words of the schedule by which a party receives something."""
    found = {"schedule": terms.row.number, "version": terms.row.version_number, **terms.row.steps[step - 1]}
    return found | ({"weight": weights[step][uscc]} if step in weights else {})


def _shares(
    terms: Agreed, lines: list[Line], division: Division, parties: dict[str, Party], rule: str | None,
    weights: dict[int, dict[str, str]], frozen: Mapping[int, Collection[str]],
) -> list[Share]:  # fmt: skip
    """Bring what each step gives each party down to the lines; every line is used up to the fen."""
    left = {line.sale.entitlement.number: line.net for line in lines}
    by_number = {line.sale.entitlement.number: line for line in lines}
    found = []
    for poured in division.steps:
        for uscc, amount in sorted(poured.out.items()):
            party = parties[uscc]
            is_frozen = uscc in frozen.get(poured.step, ())
            payee = OBJECTED if is_frozen else payee_for(str(party.kind), rule)
            words = _rule(terms, weights, poured.step, uscc)
            for number, part in refund(left, amount).items():
                if part.fen:
                    left[number] -= part
                    found.append(Share(by_number[number], poured.step, party, part, payee, words))
    return found


def _group_dict(group: Group) -> dict[str, Any]:
    product = group.lines[0].sale.product
    return {
        "product": product.code, "title": product.title,
        "agreement": group.lines[0].sale.agreement_number,
        "schedule": group.terms.row.number if group.terms else None,
        "schedule_version": group.terms.row.version_number if group.terms else None,
        "schedule_steps": group.terms.row.steps if group.terms else [],
        "weights": {str(step): weights for step, weights in sorted(group.weights.items())},
        "steps": [_step_dict(group, step) for step in group.division.to_dict()["steps"]] if group.division else [],
        "lines": (text(line_dict(line)) for line in group.lines), "shares": map(_share_text, group.shares),
    }  # fmt: skip


def _share_text(share: Share) -> Written:
    """Return a share as canonical text: entitlement, step, party, amount, kind of account, reason."""
    whose = f'"{share.line.sale.entitlement.number}",{share.step},"{share.party.uscc}"'
    return Written(f'[{whose},"{share.amount.text()}","{share.payee.kind}","{share.payee.reason_code}"]')


def _step_dict(group: Group, step: dict[str, Any]) -> dict[str, Any]:
    """Return a step with its trace, and with what it put right of sealed periods, where it did."""
    moved = group.moved.get(step["step"])
    if not moved:
        return step
    return step | {"corrected": {uscc: amount.text() for uscc, amount in sorted(moved.items())}}


def line_dict(line: Line) -> dict[str, Any]:
    """Return a line by its business keys."""
    return {
        "entitlement": line.sale.entitlement.number, "order": line.sale.order.number,
        "product": line.sale.product.code, "title": line.sale.product.title, "buyer": line.sale.buyer,
        "seller": line.sale.seller.uscc, "purpose": str(line.sale.order.purpose), "use_class": str(line.use_class),
        "quantity": line.quantity, "billable": line.billable, "gross": line.gross.text(), "tax": line.tax.text(),
        "net": line.net.text(), "shadow": line.shadow.text(), "rating": line.rating,
    }  # fmt: skip
