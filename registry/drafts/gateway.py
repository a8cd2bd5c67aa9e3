"""Half-filled forms at the edge: what the person at the page has kept of a form, and an end to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import db
from kernel.http import current_actor
from registry.drafts import commands, queries
from registry.drafts.model import FormDraft


def kept_form(page: str) -> FormDraft | None:
    """Return what the person at the page has kept of the form at ``page``; None for visitors."""
    actor = current_actor()
    return queries.kept_form(db.session(), actor, page) if actor.is_authenticated else None


def typed_in(kept: FormDraft | None) -> dict[str, Any]:
    """Return the fields of a kept form; empty when nothing is kept."""
    return {} if kept is None else dict(kept.typed)


def was_sent(session: Session, page: str, *, now: datetime) -> None:
    """Forget what was kept of a form that has now been sent; called in the transaction that takes it in."""
    actor = current_actor()
    if actor.is_authenticated:
        commands.forget_form(session, actor, page=page, now=now)
