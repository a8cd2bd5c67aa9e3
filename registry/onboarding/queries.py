"""Reading applications to be admitted."""

from __future__ import annotations

import hmac
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload, undefer

from kernel.identity import ROLES_OF, Actor, Permission
from registry.accounts.queries import digest
from registry.onboarding.model import Onboarding, OnboardingDocument, OnboardingStatement
from registry.onboarding.rules import RUNNING, ApplicationState, no_such_application


def _loaded() -> sa.Select[Onboarding]:
    return sa.select(Onboarding).options(
        selectinload(Onboarding.statements).selectinload(OnboardingStatement.documents)
    )


def by_id(session: Session, application_id: UUID, *, lock: bool = False) -> Onboarding:
    """Return one application with its statements and the secrets of the first person; locked on demand.

    Raises:
        NoSuchApplication: there is none.
    """
    query = _loaded().where(Onboarding.id == application_id)
    query = query.options(undefer(Onboarding.password_hash), undefer(Onboarding.identity_hmac))
    query = query.execution_options(populate_existing=True)
    found = session.scalar(query.with_for_update(of=Onboarding) if lock else query)
    if found is None:
        raise no_such_application()
    return found


def with_word(session: Session, number: str, word: str) -> Onboarding:
    """Return the application of that number to whoever knows its word; the edge counts the attempt first.

    Raises:
        NoSuchApplication: number and word do not belong together.
    """
    found = session.scalar(_loaded().where(Onboarding.number == number.strip().upper()))
    kept = found.word_sha256 if found is not None else digest("")
    if not hmac.compare_digest(kept, digest(word.strip())) or found is None:
        raise no_such_application()
    return found


def running(session: Session, uscc: str) -> Onboarding | None:
    """Return the application for that credit code that is not decided yet."""
    return session.scalar(sa.select(Onboarding).where(Onboarding.uscc == uscc, Onboarding.state.in_(RUNNING)))


def listed(actor: Actor, *, state: ApplicationState | None = None) -> sa.Select[Onboarding]:
    """Return the query of applications at the places where the actor decides them."""
    roles = ROLES_OF[Permission.ONBOARDING_DECIDE]
    places = [grant.place for grant in actor.grants if grant.role in roles and grant.org_id is None]
    within = sa.true() if None in places else Onboarding.place.in_([place for place in places if place is not None])
    query = _loaded().where(within)
    return query if state is None else query.where(Onboarding.state == state)


def visible(session: Session, actor: Actor, number: str) -> Onboarding:
    """Return one application at a place where the actor decides them.

    Raises:
        NoSuchApplication: there is none, or none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(Onboarding.number == number))
    if found is None:
        raise no_such_application()
    return found


def document(application: Onboarding, document_id: UUID) -> OnboardingDocument:
    """Return one document of an application, of whichever round.

    Raises:
        NoSuchApplication: it is none of this application.
    """
    for statement in application.statements:
        for found in statement.documents:
            if found.id == document_id:
                return found
    raise no_such_application()
