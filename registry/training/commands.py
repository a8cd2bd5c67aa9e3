"""Recording examinations."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.accounts import queries as accounts
from registry.training.model import TrainingRecord
from registry.training.rules import RoleKind, check_day


def record(
    session: Session,
    actor: Actor,
    *,
    account_id: UUID,
    place: str,
    role_kind: RoleKind,
    course: str,
    trained_on: date,
    passed: bool,
    examiner: str,
    book: PolicyBook,
    now: datetime,
    evidence: dict[str, object] | None = None,
) -> TrainingRecord:
    """Record an examination; a later record of the same kind takes the place of the earlier ones.

    Args:
        session: the session.
        actor: the data authority of the place.
        account_id: the person.
        place: where the training counts.
        role_kind: management, technical or operating staff.
        course: what was taught.
        trained_on: day of the examination.
        passed: whether the person passed.
        examiner: who examined.
        book: the rules.
        now: the moment.
        evidence: name, media_type and content of a document.

    Raises:
        NotAllowed: the actor is no data authority there.
        NoSuchPlace: there is no such place.
        NoSuchAccount: there is no such person.
        TrainingRefused: the training lies in the future.
        FileRefused: the document is empty or too large.

    Source:
        新昌 三（五）1, TRN-01.
    """
    actor.must(Permission.TRAINING_WRITE, place=place)
    book.place(place)
    today = business_date(now)
    account = accounts.get(session, account_id)
    check_day(trained_on, today)
    kept = files.keep(session, now=now, **evidence) if evidence else None  # type: ignore[arg-type]
    made = TrainingRecord(
        number=numbering.number(session, "TRN", today), account_id=account.id, place=place, role_kind=role_kind,
        course=course, trained_on=trained_on, passed=passed, examiner=examiner, evidence_sha256=kept,
        recorded_by=actor.id, recorded_by_name=actor.name, recorded_at=now, account=account,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "training.record", made, at=now, note="passed" if passed else "failed")
    return made
