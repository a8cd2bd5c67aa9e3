"""Reads of the determinations: who waits for whom, whose application is due, and where each stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from kernel.calendar import Period
from kernel.db import to_json
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from pricing.ceilings import queries as ceilings
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.rules import Readiness, readiness, revenue_tree
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.queries import within_reach
from pricing.costs.rules import SurveyState
from pricing.cycles import queries as cycles
from pricing.determinations.model import Determination, Proposal, ProposalDecision
from pricing.determinations.rules import CLOSED, Course, DeterminationState, Proposed, deducted, phase
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState


class NoSuchDetermination(NotFound):
    """There is no such determination, or none that the actor may know of."""

    code = "determination.not_found"


class NoProposalWaiting(NotFound):
    """No proposal waits for a decision."""

    code = "determination.no_proposal"


@dataclass(frozen=True, slots=True)
class ApplicationDue:
    """An agreement that charges: since when, when its written application is due, and for which year."""

    agreement: Agreement
    first_sale_date: date
    readiness: Readiness
    year: int
    opens_date: date

    @property
    def is_due(self) -> bool:
        """Whether the application is to be filed now."""
        return self.readiness.is_due


def visible(actor: Actor) -> sa.Select[Determination]:
    """Return the determinations that the actor may read."""
    reach = within_reach(actor, Permission.COST_READ, Determination.place, Determination.operating_institution_id)
    return sa.select(Determination).where(reach)


def get(session: Session, actor: Actor, determination_id: UUID) -> Determination:
    """Return one determination with its steps and proposals.

    Raises:
        NoSuchDetermination: there is none that the actor may read.
    """
    found = session.scalar(_whole(visible(actor)).where(Determination.id == determination_id))
    if found is None:
        raise NoSuchDetermination(f"没有编号为 {determination_id} 的定价程序，或您无权查看。")
    return found


def locked(session: Session, determination_id: UUID) -> Determination:
    """Return one determination with its steps and proposals, locked for a change.

    Raises:
        NoSuchDetermination: there is none.
    """
    query = _whole(sa.select(Determination)).where(Determination.id == determination_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchDetermination(f"没有编号为 {determination_id} 的定价程序。")
    return found


def waiting(determination: Determination) -> Proposal:
    """Return the proposal that waits for a second person (proposals must have been loaded).

    Raises:
        NoProposalWaiting: there is none.
    """
    for proposal in reversed(determination.proposals):
        if proposal.decision is None:
            return proposal
    raise NoProposalWaiting(f"定价程序 {determination.number} 没有待确认的拟定。", rule="PRC-03")


def ceiling_of(session: Session, determination_id: UUID) -> Ceiling | None:
    """Return the ceiling that was confirmed in a determination, or None."""
    query = (
        sa.select(Ceiling)
        .join(ProposalDecision, ProposalDecision.ceiling_id == Ceiling.id)
        .join(Proposal, Proposal.id == ProposalDecision.proposal_id)
        .where(Proposal.determination_id == determination_id)
    )
    return session.scalar(query)


def phases(session: Session, found: Iterable[Determination], on: date) -> dict[UUID, DeterminationState]:
    """Return where each determination stands on a day: its stored state, carried on by dates and later records."""
    wanted = list(found)
    of_agreements = {one.agreement_id for one in wanted}
    decided = session.execute(
        sa.select(Proposal.determination_id, ProposalDecision.ceiling_id)
        .join(ProposalDecision, ProposalDecision.proposal_id == Proposal.id)
        .join(Determination, Determination.id == Proposal.determination_id)
        .where(Determination.agreement_id.in_(of_agreements))
    )
    own = {determination_id: ceiling_id for determination_id, ceiling_id in decided if ceiling_id is not None}
    counting = {
        (ceiling.agreement_id, ceiling.year): ceiling.id
        for ceiling in session.scalars(
            sa.select(Ceiling)
            .where(Ceiling.agreement_id.in_(of_agreements))
            .order_by(Ceiling.determined_at, Ceiling.id)
        )
    }
    begun_on = session.execute(
        sa.select(FeeCap.ceiling_id, sa.func.min(FeeCap.effective_from))
        .where(FeeCap.ceiling_id.in_(own.values()))
        .group_by(FeeCap.ceiling_id)
    )
    first_days = {row[0]: row[1] for row in begun_on}
    others = session.scalars(sa.select(Determination).where(Determination.agreement_id.in_(of_agreements))).all()

    def course(one: Determination) -> Course:
        ceiling = own.get(one.id)
        later = [other for other in others if other.agreement_id == one.agreement_id and other.year > one.year]
        begun = [first_days[own[other.id]] for other in later if other.id in own and own[other.id] in first_days]
        overtaken = counting.get((one.agreement_id, one.year)) != ceiling or any(day <= on for day in begun)
        return Course(
            one.year,
            first_days.get(ceiling) if ceiling else None,
            is_superseded=ceiling is not None and overtaken,
            is_renewed=any(other.state not in CLOSED for other in later),
        )

    return {one.id: phase(one.state, course(one), on) for one in wanted}


def applications(session: Session, actor: Actor, *, first_sales: Mapping[UUID, date], on: date) -> list[ApplicationDue]:
    """Return the charging agreements without a determination for the present year, those due first on top.

    Args:
        session: the open session.
        actor: who asks; only agreements within reach are named.
        first_sales: first sale of each agreement, by its id; known to the market and handed down.
        on: today.

    Source:
        PRC-06; 发改价格〔2025〕65号, 二: 已有完整年度运营情况的，授权主体应 … 提出书面申请.
    """
    year = on.year
    determined = sa.select(Ceiling.agreement_id).where(Ceiling.year >= year)
    under_way = sa.select(Determination.agreement_id).where(
        Determination.year >= year, Determination.state.not_in(CLOSED)
    )
    charging = agreements.listed(actor, state=AgreementState.ACTIVE).where(
        Agreement.id.in_(first_sales), Agreement.id.not_in(determined), Agreement.id.not_in(under_way)
    )
    found = [
        ApplicationDue(agreement, first_sales[agreement.id], at, year, max(at.application_opens_date, start))
        for agreement in session.scalars(charging)
        for at, start in [(readiness(first_sales[agreement.id], on), Period.year(year).start)]
    ]
    return sorted(found, key=lambda due: (not due.is_due, due.opens_date, due.agreement.number))


def surveys_for(session: Session, actor: Actor, determination: Determination) -> Sequence[CostSurvey]:
    """Return the accepted surveys from which the ceiling can be proposed, newest first."""
    query = costs.visible(actor, state=SurveyState.ACCEPTED).where(
        CostSurvey.agreement_id == determination.agreement_id
    )
    return session.scalars(query.order_by(CostSurvey.accepted_at.desc(), CostSurvey.id)).all()


def deduction(session: Session, agreement_id: UUID, year: int) -> tuple[Money, str]:
    """Return what the last cycle leaves to be deducted in a year, and why; nothing and "" when none is due."""
    return cycles.deduction_due(session, agreement_id, year)


def prepared(
    determination: Determination, survey: CostSurvey, proposed: Proposed, *, now: datetime, book: PolicyBook
) -> Proposal:
    """Return the proposal that these terms make, with everything that follows and its digest; nothing is stored.

    Raises:
        SurveyNotAccepted: the survey was not accepted yet.
        LevelNotCompetent: that level may not set fee standards.
        YieldNotTheRecorded: the yield differs from the record, or has no source.
        PolicyGap: nobody names the yield, or a limit is not configured.
        RateAboveCap: the margin is larger than the rules admit.
    """
    ceiling = ceilings.prepared(survey, determination.year, now=now, book=book, **proposed.given())
    stated: dict[str, Any] = {
        "determination": determination.number,
        "year": determination.year,
        "survey_id": str(survey.id),
        "terms": proposed.as_json(),
        "inputs": ceiling.inputs,
        "sources": ceiling.sources,
        "max_permitted_revenue": ceiling.max_permitted_revenue.text(),
    }
    return Proposal(
        determination_id=determination.id, survey_id=survey.id, terms=stated["terms"], inputs=ceiling.inputs,
        sources=ceiling.sources, max_permitted_revenue=ceiling.max_permitted_revenue, proposed_at=now,
        tree=revenue_tree("", determination.year, ceiling.inputs, ceiling.sources),
        sha256=hashlib.sha256(to_json(stated).encode()).hexdigest(),
    )  # fmt: skip


def previewed(
    session: Session,
    actor: Actor,
    determination: Determination,
    *,
    survey_id: UUID,
    clawback: Money | None = None,
    clawback_reason: str = "",
    now: datetime,
    book: PolicyBook,
    **terms: Any,
) -> Proposal:
    """Return what would follow if these terms were proposed, with what is due from the last cycle deducted.

    Raises:
        NoSuchSurvey: there is no survey that the actor may read.
        DeductionMissing: less is deducted than is due.
        SurveyNotAccepted: the survey was not accepted yet.
        RateAboveCap: the margin is larger than the rules admit.
        PolicyGap: nobody names the yield, or a limit is not configured.
    """
    survey = costs.get(session, actor, survey_id)
    due, cycle = deduction(session, determination.agreement_id, determination.year)
    amount, reason = deducted(due, cycle, clawback, clawback_reason)
    given = {**terms, "tax_lines": tuple(terms["tax_lines"]), "clawback": amount, "clawback_reason": reason}
    return prepared(determination, survey, Proposed(**given), now=now, book=book)


def to_confirm(actor: Actor) -> sa.Select[Determination]:
    """Return the determinations that wait for a confirmation which the actor could give."""
    waiting_ones = visible(actor).where(Determination.state == DeterminationState.PROPOSED)
    proposer = (
        sa.select(Proposal.id)
        .outerjoin(ProposalDecision, ProposalDecision.proposal_id == Proposal.id)
        .where(
            Proposal.determination_id == Determination.id,
            ProposalDecision.id.is_(None),
            Proposal.proposed_by == actor.id,
        )
    )
    return waiting_ones.where(Determination.applied_by != actor.id, ~proposer.exists())


def _whole(query: sa.Select[Determination]) -> sa.Select[Determination]:
    return query.options(
        selectinload(Determination.steps), selectinload(Determination.proposals).selectinload(Proposal.decision)
    )
