"""Reading product drafts and kept forms."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import SELLERS, Actor
from registry.drafts.model import FormDraft, ProductDraft
from registry.drafts.rules import DraftState
from registry.requests.model import DataRequest


class NoSuchDraft(NotFound):
    """There is no such draft, or it belongs to another organisation."""

    code = "product_draft.not_found"


def listed(actor: Actor, *, state: DraftState | None = None) -> sa.Select[ProductDraft]:
    """Return the query of the drafts of the actor's own organisations: nobody else sees a draft."""
    own = [grant.org_id for grant in actor.grants if grant.role in SELLERS and grant.org_id is not None]
    query = sa.select(ProductDraft).where(ProductDraft.owner_id.in_(own)).options(joinedload(ProductDraft.owner))
    return query if state is None else query.where(ProductDraft.state == state)


def visible(session: Session, actor: Actor, draft_id: UUID, *, lock: bool = False) -> ProductDraft:
    """Return a draft of the actor's own organisation; locked and read afresh on demand.

    Raises:
        NoSuchDraft: there is none, or it belongs to another organisation.
    """
    query = listed(actor).where(ProductDraft.id == draft_id)
    if lock:
        query = query.with_for_update(of=ProductDraft).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchDraft(f"没有编号为 {draft_id} 的产品草稿，或不属于本单位", detail_en="No such draft")
    return found


def request_of(session: Session, draft: ProductDraft) -> DataRequest | None:
    """Return the approved request that the draft starts from, with its agreement, once one is chosen."""
    chosen = draft.steps.get("basis", {}).get("request_id")
    if not chosen:
        return None
    query = sa.select(DataRequest).where(
        DataRequest.id == UUID(str(chosen)), DataRequest.applicant_id == draft.owner_id
    )
    return session.scalar(query.options(joinedload(DataRequest.agreement), joinedload(DataRequest.applicant)))


def history(session: Session, draft_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the draft, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == ProductDraft.__tablename__, audit.AuditLine.object_id == str(draft_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def kept_forms(session: Session, actor: Actor) -> Sequence[FormDraft]:
    """Return the forms that the actor keeps, the oldest first: nobody sees those of another person."""
    query = sa.select(FormDraft).where(FormDraft.account_id == actor.id)
    return session.scalars(query.order_by(FormDraft.saved_at, FormDraft.id)).all()


def kept_form(session: Session, actor: Actor, page: str) -> FormDraft | None:
    """Return what the actor has typed into the form at ``page`` and kept; None when nothing is kept."""
    return session.scalar(sa.select(FormDraft).where(FormDraft.account_id == actor.id, FormDraft.page == page))
