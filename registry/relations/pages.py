"""Related-party edges for people: the list, a form, and the chain between two organisations."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission, Role
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.relations import commands, queries
from registry.relations.model import Relation
from registry.relations.rules import KIND_TITLES, ORIGIN_TITLES, share_words
from registry.relations.schemas import EndIn, PathArgs, RelationIn

blueprint = Blueprint("relation_pages", __name__, template_folder="../templates")
CHOICES_MAX = 500


@blueprint.get("/relations")
@requires(Permission.RELATION_WRITE)
def browse() -> Response:
    """List the edges, and show the chain between two organisations that were chosen."""
    return _list_page(Form(RelationIn), 200)


@blueprint.post("/relations")
@requires(Permission.RELATION_WRITE)
def state() -> AnyResponse:
    """State an edge."""
    form = RelationForm()
    if not form.accepts():
        return _list_page(form, 422)
    try:
        with db.transaction() as session:
            commands.state(session, current_actor(), **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _list_page(form, error.status)
    flash(gettext("关联关系已登记；变化时登记终止，不作更改。"), "success")
    return redirect(url_for("relation_pages.browse"), code=303)


@blueprint.post("/relations/<uuid:relation_id>/end")
@requires(Permission.RELATION_WRITE)
def end(relation_id: UUID) -> AnyResponse:
    """State the end of an edge."""
    form = Form(EndIn)
    if not form.accepts():
        flash(gettext("请填写终止日和理由。"), "danger")
        return _list_page(Form(RelationIn), 422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), relation_id)
            commands.end(session, current_actor(), relation_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _list_page(form, error.status)
    flash(gettext("关联关系的终止已登记。"), "success")
    return redirect(url_for("relation_pages.browse"), code=303)


@blueprint.get("/relations/<uuid:relation_id>/evidence")
@requires(Permission.RELATION_WRITE)
def evidence(relation_id: UUID) -> Response:
    """Hand out the document behind an edge, as a download and never as a page of this site."""
    relation = queries.visible(db.session(), current_actor(), relation_id)
    kept = files.get(db.session(), relation.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


class RelationForm(Form):
    """The form of a new edge with its document."""

    def __init__(self) -> None:
        """Read the schema of the API."""
        super().__init__(RelationIn)

    def accepts(self) -> bool:
        """Read the fields and the file."""
        sent = request.files.get("evidence")
        is_right = super().accepts()
        if is_right and sent is not None and sent.filename:
            content = base64.b64encode(sent.read()).decode()
            media_type = sent.mimetype or "application/octet-stream"
            document = {"name": sent.filename[-200:], "media_type": media_type, "content_base64": content}
            self.data["evidence"] = RelationIn().fields["evidence"].deserialize(document)
        return is_right


def _list_page(form: Form, status: int) -> Response:
    session, actor = db.session(), current_actor()
    known = session.scalars(parties.listed(actor).order_by(Party.name, Party.id).limit(CHOICES_MAX)).all()
    text = render_template(
        "registry/relations/list.html", found=page(session, queries.listed(actor), Relation, newest_first=True),
        form=form, refusal=words_of(form.problem), today=clock.today(),
        parties=[(str(party.id), f"{party.name}（{party.uscc}）") for party in known],
        kinds=[(kind.value, gettext(title)) for kind, title in KIND_TITLES.items()],
        kind_title=lambda kind: gettext(KIND_TITLES[kind]), origin_title=lambda one: gettext(ORIGIN_TITLES[one]),
        chain=_chain(known), may_end=any(grant.role is Role.SUPERVISOR for grant in actor.grants),
    )  # fmt: skip
    return make_response(text, status)


def _chain(known: Sequence[Party]) -> dict[str, Any] | None:
    """Return the chain between the two organisations that the address names, if it names two that are known."""
    asked = {name: request.args.get(name, "") for name in ("from_id", "to_id")}
    if PathArgs(only=("from_id", "to_id")).validate(asked):
        return None
    by_id = {str(party.id): party for party in known}
    origin, target = by_id.get(asked["from_id"]), by_id.get(asked["to_id"])
    if origin is None or target is None:
        return None
    on = clock.today()
    cited = queries.share_rule(policy_book(), origin.place, on)
    share_min = cited.decimal() if cited is not None else None
    found = queries.related_path(db.session(), origin.id, target.id, on=on, share_min=share_min)
    words = queries.path_words(db.session(), found) if found else ""
    return {"origin": origin, "target": target, "path": found, "words": words, "share_rule": share_words(cited)}
