"""The public page of anchors, its feed, and the pack of a statement as a download."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, url_for
from flask_babel import gettext

from kernel import clock, db
from kernel.db import to_json
from kernel.http import attachment, current_actor, page, public, requires
from kernel.identity import Permission
from market.feeds.rules import Item, atom
from settlement.proofs import queries
from settlement.proofs.model import Anchor
from settlement.statements.queries import visible

blueprint = Blueprint("proof_pages", __name__, template_folder="../templates")
FEED_ITEMS = 50


@blueprint.get("/proofs")
@public
def browse() -> str:
    """List the anchors and say how everybody can check what we handed out."""
    found = page(db.session(), queries.anchors(), Anchor, newest_first=True)
    return render_template("settlement/proofs/browse.html", found=found)


@blueprint.get("/proofs/<day>.json")
@public
def anchor(day: str) -> Response:
    """Give the anchor of a day as a file to keep."""
    found = queries.get_anchor(db.session(), day)
    return attachment(to_json(found.published()), f"anchor-{found.day}.json", "application/json")


@blueprint.get("/proofs/<later>/since/<earlier>.json")
@public
def continuation(later: str, earlier: str) -> Response:
    """Give the proof that the later anchor continues the earlier one."""
    session = db.session()
    old, new = queries.get_anchor(session, earlier), queries.get_anchor(session, later)
    content = to_json(queries.continuation(session, old, new))
    return attachment(content, f"anchors-{old.day}-{new.day}.json", "application/json")


@blueprint.get("/proofs/feed.atom")
@public
def feed() -> Response:
    """Give the newest anchors as an Atom feed: whoever reads it keeps a copy without doing anything."""
    query = queries.anchors().order_by(Anchor.day.desc()).limit(FEED_ITEMS)
    items = [
        Item(
            identity=one.id.urn, title=gettext("%(day)s 的锚定", day=one.day.isoformat()), author=gettext("惠益"),
            summary=f"SHA-256 {one.sha256} SM3 {one.sm3}", categories=(),
            address=url_for("proof_pages.anchor", day=one.day.isoformat(), _external=True), published=one.made_at,
            updated=one.made_at,
        )
        for one in db.session().scalars(query)
    ]  # fmt: skip
    here, seen = (url_for(name, _external=True) for name in ("proof_pages.feed", "proof_pages.browse"))
    title = gettext("惠益每日锚定")
    content = atom(identity=here, title=title, address=here, page=seen, items=items, updated=clock.now())
    return Response(content, content_type="application/atom+xml; charset=utf-8")


@blueprint.get("/statements/<number>/pack.json")
@requires(Permission.STATEMENT_READ)
def statement_pack(number: str) -> Response:
    """Give a statement with the proof that the sealed period includes it."""
    session = db.session()
    found = queries.statement_pack(session, visible(session, current_actor(), number).statement)
    return attachment(to_json(found), f"{number}.pack.json", "application/json")
