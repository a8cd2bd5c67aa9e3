"""What the authority does with implementation plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Invalid
from kernel.identity import Actor, Permission
from kernel.policy import Cited, PolicyBook
from registry.parties import queries as parties
from registry.parties.rules import Capacity, check_in_order
from registry.plans import queries
from registry.plans.model import Plan, PlanResource, PlanVersion
from registry.plans.rules import (
    NothingToChange,
    PlanEvent,
    PlanMode,
    PlanState,
    VersionRunning,
    after,
    check_codes,
    check_complete,
    check_editable,
    check_effect,
    check_filing,
    check_mode,
)
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure, Seat, cited_dict
from registry.reviews import commands as engine
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState

OUTCOME_EVENTS = {
    ReviewState.PASSED: PlanEvent.APPROVE,
    ReviewState.REFUSED: PlanEvent.REFUSE,
    ReviewState.RETURNED: PlanEvent.RETURN,
}


class ScopeNotThere(Invalid):
    """A resource is not in the catalogue of the place, or is barred from opening."""

    code = "plan.scope_refused"


def draft(
    session: Session,
    actor: Actor,
    *,
    place: str,
    title: str,
    implementing_institution_id: UUID,
    now: datetime,
    book: PolicyBook,
    mode: PlanMode | None = None,
    items: Mapping[str, str] | None = None,
    scope_text: str = "",
    resource_ids: Collection[UUID] = (),
) -> Plan:
    """Draft a plan of an implementing institution (实施机构); it may be far from complete.

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlace: there is no such place.
        NoSuchParty: the institution does not exist.
        NotInOrder: it is suspended or has ended.
        ModeNotAllowed: the place does not know this mode.
        UnknownPlanItem: a code is none of the plan's items.
        ScopeNotThere: a resource is not of this place, or barred from opening (APP-05).
    """
    actor.must(Permission.PLAN_WRITE, place=place)
    policy = RegistryPolicy.at(book, place, business_date(now))
    institution = parties.get(session, implementing_institution_id)
    check_in_order(institution.name, institution.standing)
    plan = Plan(
        number=numbering.number(session, "PLN", business_date(now)), place=place, title=title,
        implementing_institution_id=institution.id, drafted_at=now,
    )  # fmt: skip
    session.add(plan)
    session.flush()
    version = PlanVersion(plan_id=plan.id, number=1, items={}, scope_text="", drafted_at=now, sources=[])
    session.add(version)
    session.flush()
    _write(session, version, place, policy, mode=mode, items=items or {}, scope_text=scope_text)
    _put_in_scope(session, version, place, resource_ids)
    audit.record(session, actor, "plan.draft", version, at=now, note=plan.number)
    return plan


def save(
    session: Session,
    actor: Actor,
    version_id: UUID,
    *,
    now: datetime,
    book: PolicyBook,
    mode: PlanMode | None = None,
    items: Mapping[str, str] | None = None,
    scope_text: str | None = None,
    resource_ids: Collection[UUID] | None = None,
) -> PlanVersion:
    """Save a draft, or a version that was returned; what is not named stays, an empty text removes an item.

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        NotEditable: the version is under review, approved or closed.
        ModeNotAllowed: the place does not know this mode.
        UnknownPlanItem: a code is none of the plan's items.
        ScopeNotThere: a resource is not of this place, or barred from opening (APP-05).
    """
    version = _editable(session, actor, version_id)
    place = version.plan.place
    policy = RegistryPolicy.at(book, place, business_date(now))
    _write(session, version, place, policy, mode=mode, items=items or {}, scope_text=scope_text)
    if resource_ids is not None:
        session.execute(sa.delete(PlanResource).where(PlanResource.plan_version_id == version.id))
        _put_in_scope(session, version, place, resource_ids)
        flag_modified(version, "items")  # the scope is part of what is submitted: whoever read it must read again
    audit.record(session, actor, "plan.save", version, at=now, detail={"items": sorted(items or {})})
    return version


def record_decision(
    session: Session,
    actor: Actor,
    version_id: UUID,
    *,
    number: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> PlanVersion:
    """Keep the collective decision (三重一大集体决策) on a draft: its document number and the document itself.

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        NotEditable: the version is under review, approved or closed.
        FileRefused: the file is empty or too large.

    Source:
        发改数据规〔2025〕27号 第十条; 普洱 第八条 (APP-01).
    """
    version = _editable(session, actor, version_id)
    version.decision_number = number
    version.decision_sha256 = files.keep(session, content, name=name, media_type=media_type, now=now)
    audit.record(session, actor, "plan.record_decision", version, at=now, note=number)
    return version


def submit(
    session: Session, actor: Actor, version_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> PlanVersion:
    """Submit a complete draft to the procedure of the place; a returned version goes the whole way again.

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        WrongState: it is neither a draft nor returned.
        PlanIncomplete: items, mode, scope or the collective decision are missing; all are listed (APP-01).
        PolicyGap: the place does not say which items or stages there are.
    """
    version = _governed(session, actor, version_id)
    state = after(version.state, PlanEvent.SUBMIT)
    policy = RegistryPolicy.at(book, version.plan.place, business_date(now))
    required, decision = policy.require("plan_items_required"), policy.plan_collective_decision_required
    check_complete(version.contents, required, decision)
    stages = policy.require("plan_stages")
    used = (required, decision, stages)
    version.sources = [cited_dict(cited) for cited in used if cited is not None]
    seats = [Seat(kind, position) for position, kind in enumerate(stages.items(), start=1)]
    review = _in_procedure(session, actor, version, seats, used, calendar=calendar, now=now)
    version.state, version.submitted_at, version.review_id = state, now, review.id
    audit.record(session, actor, "plan.submit", version, at=now, note=review.number)
    return version


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Take over what the procedure decided: approved, refused, or returned for correction.

    Raises:
        NoSuchPlan: the version does not exist.
        WrongState: it is not under review.
    """
    version = queries.version(session, review.subject_id, lock=True)
    event = OUTCOME_EVENTS[review.state]
    version.state = after(version.state, event)
    if event is PlanEvent.APPROVE:
        version.approved_at = now
    audit.record(session, actor, f"plan.{event}", version, at=now, note=review.number)


def withdraw(session: Session, actor: Actor, version_id: UUID, *, reason: str, now: datetime) -> PlanVersion:
    """Take a version back before it is approved; the version in effect stays in effect.

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        WrongState: it is approved or closed.
    """
    version = _governed(session, actor, version_id)
    state = after(version.state, PlanEvent.WITHDRAW)
    if version.review_id is not None:
        engine.withdraw(session, actor, version.review_id, reason=reason, now=now)
    version.state = state
    audit.record(session, actor, "plan.withdraw", version, at=now, note=reason)
    return version


def file(
    session: Session, actor: Actor, version_id: UUID, *, government_document: str, reference: str, now: datetime
) -> PlanVersion:
    """Note the number of the government's approval and under which reference the province filed the plan (DIS-13).

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        WrongState: it is not approved, or filed already.
    """
    version = _governed(session, actor, version_id)
    version.state = after(version.state, PlanEvent.FILE)
    version.government_document, version.filing_reference, version.filed_at = government_document, reference, now
    audit.record(session, actor, "plan.file", version, at=now, note=reference)
    return version


def put_in_effect(
    session: Session,
    actor: Actor,
    version_id: UUID,
    *,
    effective_from: date,
    book: PolicyBook,
    now: datetime,
    government_document: str | None = None,
) -> PlanVersion:
    """Let an approved plan take effect from a day on; the version before it is in effect up to that day [I].

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        WrongState: it is neither approved nor filed.
        PlanFilingMissing: it must be filed first (DIS-13).
        EffectTooEarly: the day lies in the past, or not after the first day of the version before.
    """
    version = _governed(session, actor, version_id)
    state = after(version.state, PlanEvent.PUT_IN_EFFECT)
    policy = RegistryPolicy.at(book, version.plan.place, business_date(now))
    check_filing(_name(version), version.state, policy.plan_filing_required)
    check_effect(_name(version), effective_from, business_date(now))
    before = queries.standing(session, version.plan_id)
    if before is not None and before.effective_from is not None:
        check_effect(_name(version), effective_from, before.effective_from)
        before.state, before.effective_until = after(before.state, PlanEvent.SUPERSEDE), effective_from
        session.flush()
        audit.record(session, actor, "plan.supersede", before, at=now, note=str(effective_from))
    version.state, version.effective_from = state, effective_from
    version.government_document = version.government_document or government_document
    audit.record(session, actor, "plan.put_in_effect", version, at=now, note=str(effective_from))
    return version


def start_major_change(session: Session, actor: Actor, plan_id: UUID, *, reason: str, now: datetime) -> PlanVersion:
    """Draft the next version of a plan in effect from its text; it passes the whole procedure again.

    Raises:
        NotAllowed: the actor does not write plans there.
        NoSuchPlan: there is none.
        NothingToChange: no version is in effect.
        VersionRunning: another version is being drafted or decided.

    Source:
        普洱 第八条: 确需作较大变更的，应按原流程重新报请审议同意 (APP-01).
    """
    plan = queries.get(session, plan_id, lock=True)
    actor.must(Permission.PLAN_WRITE, place=plan.place)
    before = queries.standing(session, plan.id)
    if before is None:
        raise NothingToChange(
            f"实施方案 {plan.number} 没有正在实施的版本，无从变更；请直接修改草稿，或另行起草",
            detail_en="No version of the plan is in effect.",
            rule="APP-01",
        )
    version = PlanVersion(
        plan_id=plan.id, number=queries.newest(session, plan.id).number + 1, change_reason=reason, mode=before.mode,
        items=dict(before.items), scope_text=before.scope_text, drafted_at=now, sources=[],
    )  # fmt: skip
    session.add(version)
    number = plan.number  # a failed flush leaves nothing that could still be read
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_plan_version" not in str(error.orig):
            raise
        raise VersionRunning(
            f"实施方案 {number} 已有在办的版本，一次只能办理一个；请先办结或撤回",
            detail_en="Another version is being drafted or decided.",
            rule="APP-01",
        ) from error
    for entry in before.scope:
        session.add(PlanResource(plan_version_id=version.id, resource_id=entry.resource_id))
    audit.record(session, actor, "plan.start_major_change", version, at=now, note=reason)
    return version


def _governed(session: Session, actor: Actor, version_id: UUID) -> PlanVersion:
    version = queries.version(session, version_id, lock=True)
    actor.must(Permission.PLAN_WRITE, place=version.plan.place)
    return version


def _editable(session: Session, actor: Actor, version_id: UUID) -> PlanVersion:
    version = _governed(session, actor, version_id)
    check_editable(_name(version), version.state)
    return version


def _name(version: PlanVersion) -> str:
    return f"{version.plan.number} 第 {version.number} 版"


def _write(
    session: Session,
    version: PlanVersion,
    place: str,
    policy: RegistryPolicy,
    *,
    mode: PlanMode | None,
    items: Mapping[str, str],
    scope_text: str | None,
) -> None:
    check_mode(mode, policy.plan_authorization_modes)
    check_codes(items, policy.plan_items_required)
    written = {**version.items, **{code: text.strip() for code, text in items.items()}}
    version.items = {code: text for code, text in written.items() if text}
    if mode is not None:
        version.mode = mode
    if scope_text is not None:
        version.scope_text = scope_text.strip()


def _put_in_scope(session: Session, version: PlanVersion, place: str, resource_ids: Collection[UUID]) -> None:
    wanted = set(resource_ids)
    entries = {entry.id: entry for entry in queries.catalogue(session, wanted)}
    wrong = [str(one) for one in wanted if one not in entries or entries[one].place != place]
    wrong += [entry.code for entry in entries.values() if entry.place == place and entry.barred]
    if wrong:
        raise ScopeNotThere(
            f"不在本地区目录中，或属不予开放的数据资源：{'、'.join(sorted(wrong))}；请从范围中移除",
            detail_en=f"Not in the catalogue of the place, or barred from opening: {', '.join(sorted(wrong))}.",
            rule="APP-05",
            errors=[{"pointer": "/resource_ids", "code": ScopeNotThere.code, "message": one} for one in sorted(wrong)],
        )
    for resource_id in sorted(wanted):
        session.add(PlanResource(plan_version_id=version.id, resource_id=resource_id))
    session.flush()


def _in_procedure(
    session: Session,
    actor: Actor,
    version: PlanVersion,
    seats: list[Seat],
    used: Sequence[Cited | None],
    *,
    calendar: WorkingCalendar,
    now: datetime,
) -> Review:
    title = f"{version.plan.number} {version.plan.title}（第 {version.number} 版）"
    if version.state is PlanState.RETURNED and version.review_id is not None:
        return engine.resubmit(
            session, actor, version.review_id, subject_id=version.id, subject_title=title, seats=seats,
            calendar=calendar, now=now,
        )  # fmt: skip
    institution = version.plan.implementing_institution_id
    is_authority = parties.has_capacity(session, institution, Capacity.DATA_AUTHORITY, version.plan.place)
    # where the authority itself implements, its people still give the preliminary opinion: no applicant is excluded
    return engine.open_review(
        session, actor, procedure=Procedure.PLAN, subject_id=version.id, subject_title=title, place=version.plan.place,
        applicant_id=None if is_authority else institution, seats=seats, calendar=calendar, now=now,
        sources=used,
    )  # fmt: skip
