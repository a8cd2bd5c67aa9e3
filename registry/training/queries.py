"""Reading training: of a person, of the assigned users of an organisation, and as conditions of gates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import PolicyBook
from registry.accounts.model import Account, RoleGrant
from registry.accounts.rules import AccountState
from registry.parties import queries as parties
from registry.policy import RegistryPolicy
from registry.training.model import TrainingRecord
from registry.training.rules import Requirement, RoleKind, TrainingFact, earliest_valid, judge


class NoSuchRecord(NotFound):
    """There is no such training record, or none that the actor may know of."""

    code = "training.not_found"


@dataclass(frozen=True, slots=True)
class OrganisationTraining:
    """The assigned users of an organisation at a place, each with the fact of the training."""

    requirement: Requirement
    people: tuple[tuple[Account, TrainingFact], ...]

    @property
    def passed(self) -> int:
        """How many users are trained."""
        return sum(fact.is_met for _, fact in self.people)

    @property
    def is_met(self) -> bool:
        """Say whether every assigned user is trained, and there is at least one; true where none is demanded."""
        return not self.requirement.is_required or 0 < len(self.people) == self.passed

    def words(self) -> str:
        """Return the fact: ``5 名指派人员中 4 名岗前培训合格``."""
        if not self.requirement.is_required:
            return self.requirement.words()
        return f"{len(self.people)} 名指派人员中 {self.passed} 名岗前培训合格"


def requirement(book: PolicyBook, place: str, on: date) -> Requirement:
    """Return what a place demands on a day; where the texts name no kinds of staff, every kind counts.

    Raises:
        NoSuchPlace: there is no such place.
    """
    policy = RegistryPolicy.at(book, place, on)
    demanded, kinds, months = policy.training_required, policy.training_roles, policy.training_validity_months
    return Requirement(
        is_required=demanded is not None and demanded.boolean(),
        kinds=tuple(RoleKind(kind) for kind in kinds.items()) if kinds is not None else tuple(RoleKind),
        months=months.integer() if months is not None else None,
        article=demanded.citation() if demanded is not None else "",
    )


def passed_clause(
    account_id: sa.SQLColumnExpression[UUID] | UUID,
    place: str,
    on: date,
    *,
    kinds: Sequence[RoleKind],
    months: int | None,
) -> sa.ColumnElement[bool]:
    """Return the condition that a person holds a valid training of one of these kinds, as ``rules.counting`` has it."""
    record, later = aliased(TrainingRecord), aliased(TrainingRecord)
    newer = sa.select(sa.literal(1)).where(
        later.account_id == record.account_id, later.place == record.place, later.role_kind == record.role_kind,
        later.trained_on <= on,
        sa.or_(later.trained_on > record.trained_on,
               sa.and_(later.trained_on == record.trained_on, later.id > record.id)),
    )  # fmt: skip
    valid = [
        record.account_id == account_id, record.place == place, record.role_kind.in_(kinds), record.passed,
        record.trained_on <= on, ~newer.correlate(record).exists(),
    ]  # fmt: skip
    if months is not None:
        valid.append(record.trained_on >= earliest_valid(on, months))
    return sa.select(sa.literal(1)).where(*valid).correlate_except(record).exists()


def trained_clause(
    account_id: sa.SQLColumnExpression[UUID] | UUID, place: str, on: date, book: PolicyBook
) -> sa.ColumnElement[bool]:
    """Return the condition that a person may have access there on that day, as far as training goes."""
    wanted = requirement(book, place, on)
    if not wanted.is_required:
        return sa.true()
    return passed_clause(account_id, place, on, kinds=wanted.kinds, months=wanted.months)


def operator_trained_clause(
    operator_id: sa.SQLColumnExpression[UUID], place: sa.SQLColumnExpression[str] | str, on: date, book: PolicyBook
) -> sa.ColumnElement[bool]:
    """Return the condition that an operating institution has at least one trained user at the place, where the place
    demands training; ``operator_id`` and ``place`` may be columns of the asking query.
    """
    account, grant = aliased(Account), aliased(RoleGrant)
    by_place = []
    for key in book.places():
        wanted = requirement(book, key, on)
        somebody: sa.ColumnElement[bool] = sa.true()
        if wanted.is_required:
            trained = passed_clause(account.id, key, on, kinds=wanted.kinds, months=wanted.months)
            query = (
                sa.select(sa.literal(1))
                .select_from(account)
                .join(grant, grant.account_id == account.id)
                .where(_is_assigned(account, grant, operator_id, key), trained)
            )
            somebody = query.correlate_except(account, grant).exists()
        by_place.append(sa.and_(sa.literal(key) == place, somebody))
    return sa.or_(*by_place)


def _is_assigned(
    account: type[Account], grant: type[RoleGrant], party_id: sa.SQLColumnExpression[UUID] | UUID, place: str
) -> sa.ColumnElement[bool]:
    return sa.and_(
        grant.party_id == party_id, grant.revoked_at.is_(None), sa.or_(grant.place.is_(None), grant.place == place),
        account.state == AccountState.ACTIVE,
    )  # fmt: skip


def is_trained(
    session: Session, account_id: UUID, place: str, *, on: date, book: PolicyBook, role_kind: RoleKind | None = None
) -> TrainingFact:
    """Say whether a person is trained there on that day; with ``role_kind`` for that kind of staff alone.

    Source:
        新昌 三（五）1；衢州 第四部分, TRN-01.
    """
    name = session.scalar(sa.select(Account.name).where(Account.id == account_id)) or "该人员"
    results = [record.as_result() for record in records_of(session, [account_id], place)]
    return judge(name, results, requirement(book, place, on), on, role_kind)


def organisation(session: Session, party_id: UUID, place: str, *, on: date, book: PolicyBook) -> OrganisationTraining:
    """Return every active user who acts for the organisation at the place, with the fact of the training.

    Example: of five users four have passed: four may have access, the fifth is ``BLOCKED_TRAINING``.

    Source:
        TRN-01.
    """
    assigned = (
        sa.select(Account)
        .where(
            Account.id.in_(
                sa.select(RoleGrant.account_id)
                .join(Account, Account.id == RoleGrant.account_id)
                .where(_is_assigned(Account, RoleGrant, party_id, place))
            )
        )
        .order_by(Account.name, Account.id)
    )
    people, wanted = session.scalars(assigned).all(), requirement(book, place, on)
    by_account: dict[UUID, list[TrainingRecord]] = defaultdict(list)
    for record in records_of(session, [person.id for person in people], place):
        by_account[record.account_id].append(record)
    return OrganisationTraining(
        wanted,
        tuple(
            (person, judge(person.name, [record.as_result() for record in by_account[person.id]], wanted, on))
            for person in people
        ),
    )


def operator_trained_gate_fact(
    session: Session, operator_id: UUID, place: str, *, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Return the gate of :func:`operator_trained_clause` for one operating institution: open, fact, since when."""
    found = organisation(session, operator_id, place, on=on, book=book)
    days = [fact.since for _, fact in found.people if fact.is_met and fact.since is not None]
    return not found.requirement.is_required or found.passed > 0, found.words(), min(days, default=None)


def records_of(session: Session, account_ids: Sequence[UUID], place: str) -> Sequence[TrainingRecord]:
    """Return the records of these people at the place, oldest first."""
    query = sa.select(TrainingRecord).where(TrainingRecord.account_id.in_(account_ids), TrainingRecord.place == place)
    return session.scalars(query.order_by(TrainingRecord.trained_on, TrainingRecord.id)).all()


def visible(session: Session, actor: Actor, record_id: UUID) -> TrainingRecord:
    """Return one record within the actor's scope.

    Raises:
        NoSuchRecord: there is none, or none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(TrainingRecord.id == record_id))
    if found is None:
        raise NoSuchRecord(f"没有编号为 {record_id} 的培训记录，或不在您的职责范围内", detail_en="No such record.")
    return found


def listed(actor: Actor, *, place: str | None = None, account_id: UUID | None = None) -> sa.Select[TrainingRecord]:
    """Return the query of records within the actor's scope: of the own organisation's people, or of the own place."""
    query = sa.select(TrainingRecord).where(_in_scope(actor)).options(joinedload(TrainingRecord.account))
    if place is not None:
        query = query.where(TrainingRecord.place == place)
    return query if account_id is None else query.where(TrainingRecord.account_id == account_id)


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.TRAINING_READ]:
            continue
        here = sa.true() if grant.place is None else TrainingRecord.place == grant.place
        if grant.org_id is not None:
            own = sa.select(Account.id).where(Account.party_id == grant.org_id)
            here = sa.and_(here, TrainingRecord.account_id.in_(own))
        reached.append(here)
    return sa.or_(sa.false(), *reached)


def may_see(session: Session, actor: Actor, party_id: UUID, place: str) -> bool:
    """Say whether the actor may know of the training of an organisation at the place.

    Raises:
        NoSuchParty: there is no such organisation.
    """
    parties.get(session, party_id)
    return actor.may(Permission.TRAINING_READ, org_id=party_id, place=place)
