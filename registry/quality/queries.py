"""Reading quality tickets, and the score of a resource on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.calendar import add_months, business_date
from kernel.errors import NotFound
from kernel.identity import SELLERS, WATCHERS, Actor, Role
from kernel.policy import Cited, PolicyBook
from registry.policy import RegistryPolicy
from registry.quality.model import QualityTicket
from registry.quality.rules import WAITING, Category, CategoryScore, Problem, Scale, Score, TicketState
from registry.quality.rules import score as scored
from registry.resources import queries as resources
from registry.resources.model import Resource

SCORE_STEP = Decimal("0.0001")  # finer differences of a quality score mean nothing


class NoSuchTicket(NotFound):
    """There is no such ticket, or none that the actor may know of."""

    code = "quality.not_found"


def get(session: Session, ticket_id: UUID, *, lock: bool = False) -> QualityTicket:
    """Return the ticket with its resource and reporter; locked and read afresh on demand.

    Raises:
        NoSuchTicket: there is none.
    """
    query = sa.select(QualityTicket).where(QualityTicket.id == ticket_id).options(*_parts())
    if lock:
        query = query.with_for_update(of=QualityTicket).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(ticket_id)
    return found


def detail(session: Session, actor: Actor, ticket_id: UUID) -> QualityTicket:
    """Return a ticket within the actor's scope with its course.

    Raises:
        NoSuchTicket: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(QualityTicket.id == ticket_id).options(selectinload(QualityTicket.course))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(ticket_id)
    return found


def listed(
    actor: Actor, *, place: str | None = None, state: TicketState | None = None, resource_id: UUID | None = None
) -> sa.Select[QualityTicket]:
    """Return the query of tickets within the actor's scope.

    Reporters see their own; a source department those about its resources; authorities, finance and auditors those
    of their places.
    """
    query = sa.select(QualityTicket).where(_in_scope(actor)).options(*_parts())
    if place is not None:
        query = query.where(QualityTicket.place == place)
    if resource_id is not None:
        query = query.where(QualityTicket.resource_id == resource_id)
    return query if state is None else query.where(QualityTicket.state == state)


def desk(session: Session, actor: Actor, *, limit: int = 200) -> Sequence[QualityTicket]:
    """Return the tickets that wait for the source department, within the actor's scope, the most urgent first."""
    query = listed(actor).where(QualityTicket.state.in_((*WAITING, TicketState.ACCEPTED)))
    order = (QualityTicket.due_date.is_(None), QualityTicket.due_date, QualityTicket.id)
    return session.scalars(query.order_by(*order).limit(limit)).all()


def of_resource(session: Session, resource_id: UUID) -> Sequence[QualityTicket]:
    """Return every ticket about a resource, newest first, with reporters."""
    query = sa.select(QualityTicket).where(QualityTicket.resource_id == resource_id).options(*_parts())
    return session.scalars(query.order_by(QualityTicket.id.desc())).all()


@dataclass(frozen=True, slots=True)
class Figures:
    """The score of a resource on a day, or why there is none; ``sources`` is what it was computed from."""

    score: Score | None
    words: str
    sources: tuple[Cited, ...]

    @property
    def value(self) -> Decimal | None:
        """The score as a fraction with four decimals."""
        return None if self.score is None else _decimal(self.score.value)

    @property
    def lines(self) -> list[tuple[CategoryScore, Decimal, Decimal]]:
        """The lines of the score, each with its weight and its own score as fractions with four decimals."""
        lines = self.score.lines if self.score is not None else ()
        return [(line, _decimal(line.weight), _decimal(line.value)) for line in lines]

    @property
    def deductions(self) -> tuple[Cited, ...]:
        """What a problem costs and how long it counts; the weights stand in the lines."""
        return tuple(one for one in self.sources if ".weight_" not in one.name)


def score(session: Session, resource_id: UUID, on: date, book: PolicyBook) -> Figures:
    """Return the quality score of a resource on a day (RVW-08, for REV-04).

    Where weights, penalties or the window are not configured there is no score, and the words say so.

    Raises:
        NoSuchResource: there is none.
        WeightsWrong: the configured weights do not add up to 1.
    """
    resource = resources.get(session, resource_id)
    return _figures(resource.place, _problems(session, [resource_id]).get(resource_id, []), on, book)


def scores(session: Session, found: Sequence[Resource], on: date, book: PolicyBook) -> dict[UUID, Figures]:
    """Return the score of each resource of a list, in one query for all of them.

    Raises:
        WeightsWrong: the configured weights do not add up to 1.
    """
    problems = _problems(session, [resource.id for resource in found])
    return {one.id: _figures(one.place, problems.get(one.id, []), on, book) for one in found}


def quality_of(session: Session, resource_id: UUID, on: date, book: PolicyBook) -> Decimal | None:
    """Return the quality that is proposed for an input of a product (REV-04), or ``None`` without a score.

    Raises:
        NoSuchResource: there is none.
        WeightsWrong: the configured weights do not add up to 1.
    """
    return score(session, resource_id, on, book).value


def _figures(place: str, problems: Sequence[Problem], on: date, book: PolicyBook) -> Figures:
    policy = RegistryPolicy.at(book, place, on)
    weights = {category: getattr(policy, f"quality_weight_{category}") for category in Category}
    penalties = (policy.quality_penalty_open, policy.quality_penalty_resolved)
    window = policy.quality_window_months
    configured = [cited for cited in (*weights.values(), *penalties, window) if cited is not None]
    if window is None or len(configured) < len(weights) + len(penalties) + 1:
        words = f"{book.place(place).title}未配置数据质量评分的权重、扣分或期间（quality.*，RVW-08），不评分"
        return Figures(None, words, ())
    fractions = {category: Fraction(cited.decimal()) for category, cited in weights.items()}
    scale = Scale(fractions, *(Fraction(cited.decimal()) for cited in penalties if cited is not None))
    found = scored(problems, scale, since=add_months(on, -window.integer()), on=on)
    standing = sum(line.open_count for line in found.lines)
    resolved = sum(line.resolved_count for line in found.lines)
    words = f"未解决 {standing} 项，近 {window.value} 个月已解决 {resolved} 项"
    return Figures(found, words, tuple(configured))


def _problems(session: Session, resource_ids: Sequence[UUID]) -> dict[UUID, list[Problem]]:
    found: dict[UUID, list[Problem]] = {}
    for ticket in session.scalars(sa.select(QualityTicket).where(QualityTicket.resource_id.in_(resource_ids))):
        dates = [
            None if moment is None else business_date(moment)
            for moment in (ticket.answered_at, ticket.accepted_at, ticket.resolved_at)
        ]
        problem = Problem(ticket.category, business_date(ticket.filed_at), ticket.due_date, *dates)
        found.setdefault(ticket.resource_id, []).append(problem)
    return found


def _decimal(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(SCORE_STEP, rounding=ROUND_HALF_EVEN)


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else QualityTicket.place == grant.place
        if grant.role in WATCHERS:
            reached.append(condition)
        elif grant.role in SELLERS:
            own = sa.true() if grant.org_id is None else QualityTicket.reporter_id == grant.org_id
            reached.append(own & condition)
        elif grant.role is Role.SOURCE:
            held = sa.select(Resource.id).where(Resource.source_department_id == grant.org_id)
            own = sa.true() if grant.org_id is None else QualityTicket.resource_id.in_(held)
            reached.append(own & condition)
    return sa.or_(sa.false(), *reached)


def _parts() -> tuple[sa.sql.base.ExecutableOption, ...]:
    return (
        joinedload(QualityTicket.resource).joinedload(Resource.source_department),
        joinedload(QualityTicket.reporter),
    )


def _none(ticket_id: UUID) -> NoSuchTicket:
    return NoSuchTicket(f"没有编号为 {ticket_id} 的质量问题，或不在您的职责范围内", detail_en="No such quality ticket")
