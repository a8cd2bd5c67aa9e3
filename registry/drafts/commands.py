"""Filling in a product draft, and making a product of it; keeping and forgetting other half-filled forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.errors import Invalid
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.drafts import queries
from registry.drafts.model import FormDraft, ProductDraft
from registry.drafts.rules import DraftEvent, Step, after, check_content, refuse_incomplete
from registry.products import commands as products
from registry.products.model import Product
from registry.requests.rules import GRANTED

KEPT_MAX = 50  # forms of one person; the oldest gives way


class RequestNotUsable(Invalid):
    """The request is not an approved one of the draft's own organisation."""

    code = "product_draft.request_not_usable"


def start(session: Session, actor: Actor, *, owner_id: UUID, now: datetime) -> ProductDraft:
    """Start a draft for an organisation.

    Raises:
        NotAllowed: the actor may not act for it.
    """
    actor.must(Permission.PRODUCT_WRITE, org_id=owner_id)
    draft = ProductDraft(owner_id=owner_id, steps={}, started_at=now, started_by_name=actor.name, saved_at=now)
    session.add(draft)
    session.flush()
    audit.record(session, actor, "product_draft.start", draft, at=now)
    return draft


def save(
    session: Session,
    actor: Actor,
    draft_id: UUID,
    *,
    step: Step,
    content: Mapping[str, Any],
    now: datetime,
    uploads: Sequence[Mapping[str, Any]] = (),
) -> ProductDraft:
    """Save one step as it is, complete or not; other steps stay.

    ``uploads`` are files of evidence ({title, name, media_type, content}); they are kept at once and join those that
    the content names by digest.

    Raises:
        NoSuchDraft: there is none, or it belongs to another organisation.
        WrongDraftState: it became a product already, or was given up.
        UnknownContent: the step does not hold that.
        FileRefused: a file is empty or too large.
    """
    draft = queries.visible(session, actor, draft_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=draft.owner_id)
    draft.state = after(draft.state, DraftEvent.SAVE)
    held = dict(content)
    if uploads:
        held["evidence"] = [*held.get("evidence", []), *(_kept(session, one, now) for one in uploads)]
    check_content(step, held)
    draft.steps = {**draft.steps, step.value: held}
    draft.saved_at = now
    audit.record(session, actor, "product_draft.save", draft, at=now, note=step)
    return draft


def finish(
    session: Session, actor: Actor, draft_id: UUID, *, values: Mapping[str, Any], book: PolicyBook, now: datetime
) -> Product:
    """Make the product and its first version of a complete draft.

    ``values`` is what the steps hold, read by the schema of a product: the keywords of ``products.create`` but for
    seller, agreement and scenario, which come from the request.

    Raises:
        NoSuchDraft: there is none, or it belongs to another organisation.
        WrongDraftState: it became a product already, or was given up.
        DraftIncomplete: steps are open.
        RequestNotUsable: the request is not an approved one of the organisation.
        DomainError: whatever ``products.create`` refuses.
    """
    draft = queries.visible(session, actor, draft_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=draft.owner_id)
    state = after(draft.state, DraftEvent.FINISH)
    refuse_incomplete(draft.steps)
    request = queries.request_of(session, draft)
    if request is None or request.state not in GRANTED:
        raise RequestNotUsable(
            "草稿所依据的使用申请不属于本单位或尚未获同意（RVW-02），请重新选择",
            detail_en="The request is not an approved one of your organisation",
            rule="RVW-02",
            errors=[{"pointer": "/basis/request_id", "code": RequestNotUsable.code, "message": "请重新选择"}],
        )
    product = products.create(
        session, actor, owner_id=draft.owner_id, agreement_id=request.agreement_id, scenario=request.scenario,
        book=book, now=now, evidence=draft.steps.get(Step.INPUTS, {}).get("evidence", ()), **values,
    )  # fmt: skip
    draft.state, draft.product_id = state, product.id
    audit.record(session, actor, "product_draft.finish", draft, at=now, note=product.code)
    return product


def discard(session: Session, actor: Actor, draft_id: UUID, *, now: datetime) -> ProductDraft:
    """Give a draft up.

    Raises:
        NoSuchDraft: there is none, or it belongs to another organisation.
        WrongDraftState: it became a product already, or was given up.
    """
    draft = queries.visible(session, actor, draft_id, lock=True)
    actor.must(Permission.PRODUCT_WRITE, org_id=draft.owner_id)
    draft.state = after(draft.state, DraftEvent.DISCARD)
    audit.record(session, actor, "product_draft.discard", draft, at=now)
    return draft


def keep_form(session: Session, actor: Actor, *, page: str, typed: Mapping[str, str], now: datetime) -> FormDraft:
    """Keep what the actor has typed into the form at ``page``, complete or not, in place of what was kept before.

    Raises:
        NotAllowed: nobody is signed in.
    """
    actor.must(Permission.ACCOUNT_OWN)
    kept = queries.kept_form(session, actor, page)
    if kept is None:
        for oldest in queries.kept_forms(session, actor)[: -(KEPT_MAX - 1)]:
            session.delete(oldest)
        kept = FormDraft(account_id=actor.id, page=page, typed=dict(typed), saved_at=now)
        session.add(kept)
    kept.typed, kept.saved_at = dict(typed), now
    session.flush()
    audit.record(session, actor, "form_draft.keep", kept, at=now)
    return kept


def forget_form(session: Session, actor: Actor, *, page: str, now: datetime) -> None:
    """Delete what the actor keeps of the form at ``page``, which was sent or is no longer wanted; if anything is kept.

    Raises:
        NotAllowed: nobody is signed in.
    """
    actor.must(Permission.ACCOUNT_OWN)
    kept = queries.kept_form(session, actor, page)
    if kept is None:
        return
    session.delete(kept)
    audit.record(session, actor, "form_draft.forget", kept, at=now)


def _kept(session: Session, upload: Mapping[str, Any], now: datetime) -> dict[str, str]:
    sha256 = files.keep(
        session, upload["content"], name=upload["name"], media_type=upload["media_type"], now=now
    )  # fmt: skip
    return {"title": upload["title"], "name": upload["name"], "sha256": sha256}
