"""One payout for people: what is known about it, what was proposed and shown, and the next step."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, requires, words_of
from kernel.identity import Permission
from pricing.costs.pages import RowsForm
from registry.parties.model import Party
from settlement.payees.model import PayeeAccount
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.pages import CHANNEL_WORDS, PAYOUT_WORDS
from settlement.payouts.rules import PayoutState
from settlement.resolutions import commands, queries
from settlement.resolutions.gateway import said_by
from settlement.resolutions.model import PayoutResolution
from settlement.resolutions.rules import Fate, ResolutionState
from settlement.resolutions.schemas import ResolutionDecisionIn, ResolutionFormIn

blueprint = Blueprint("payout_resolution_pages", __name__, template_folder="../templates")
FATE_WORDS = {
    Fate.CONFIRMED: _("已到账"), Fate.RETURNED: _("未付出或已退回"), Fate.SENT_AGAIN: _("以原幂等键重发"),
}  # fmt: skip
STATE_WORDS = {
    ResolutionState.PROPOSED: _("待复核"), ResolutionState.CONFIRMED: _("已确认"),
    ResolutionState.REFUSED: _("不同意"), ResolutionState.WITHDRAWN: _("已撤回"),
}  # fmt: skip


@blueprint.get("/payout-results/<number>")
@requires(Permission.PAYOUT_READ)
def show(number: str) -> AnyResponse:
    """Show one payout, what people proposed about it, and what the provider said afterwards."""
    return _payout(number)


@blueprint.post("/payout-results/<number>")
@requires(Permission.PAYOUT_PREPARE)
def propose(number: str) -> AnyResponse:
    """Propose what became of it."""
    form = RowsForm(ResolutionFormIn)
    if not form.accepts():
        return _payout(number, form, status=422)
    try:
        with db.transaction() as session:
            commands.propose(session, current_actor(), number, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _payout(number, form, refusal=error, status=error.status)
    flash(gettext("已提交，待另一人复核。"), "success")
    return redirect(url_for("payout_resolution_pages.show", number=number), code=303)


@blueprint.post("/payout-results/<number>/<uuid:resolution_id>")
@requires(Permission.PAYOUT_READ)
def decide(number: str, resolution_id: UUID) -> AnyResponse:
    """Confirm or refuse as the second person, or withdraw."""
    form = Form(ResolutionDecisionIn)
    if not form.accepts():
        return _payout(number, status=422)
    try:
        session = db.session()
        asked = queries.to_ask(session, current_actor(), resolution_id, form.data["act"])
        session.rollback()  # no transaction is open while the provider is asked
        answer = said_by(current_app.extensions.get("huiyi_stripe"), asked)
        with db.transaction() as session:
            match_version(session, PayoutResolution, queries.visible(session, current_actor(), resolution_id).id)
            commands.decide(session, current_actor(), resolution_id, **form.data, answer=answer, now=clock.now())
    except DomainError as error:
        return _payout(number, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("payout_resolution_pages.show", number=number), code=303)


@blueprint.get("/payout-resolutions/<uuid:resolution_id>/evidence")
@requires(Permission.PAYOUT_READ)
def evidence(resolution_id: UUID) -> Response:
    """Hand out the file that was shown."""
    session = db.session()
    kept = queries.evidence(session, queries.visible(session, current_actor(), resolution_id))
    return attachment(kept.content, kept.name)


def _payout(
    number: str, form: RowsForm | None = None, *, refusal: DomainError | None = None, status: int = 200
) -> AnyResponse:
    session, actor = db.session(), current_actor()
    payout: Payout = queries.numbered(session, actor, number)
    batch, place = session.get_one(PayoutBatch, payout.batch_id), payout.place
    found = queries.of_payouts(session, [payout.id]).get(payout.id, [])
    open_one = next((one for one in found if one.state is ResolutionState.PROPOSED), None)
    is_unknown, is_payer = payout.state is PayoutState.UNKNOWN, actor.id == batch.sent_by_id
    is_own = open_one is not None and open_one.proposed_by_id == actor.id
    text = render_template(
        "settlement/resolutions/show.html", payout=payout, batch=batch, found=found, open_one=open_one,
        party=session.get_one(Party, payout.party_id), account=session.get_one(PayeeAccount, payout.account_id),
        form=form or RowsForm(ResolutionFormIn), refusal=words_of(refusal), fates=FATE_WORDS, states=STATE_WORDS,
        payout_states=PAYOUT_WORDS, channels=CHANNEL_WORDS, is_own=is_own,
        may_propose=is_unknown and open_one is None and not is_payer
        and actor.may(Permission.PAYOUT_PREPARE, place=place),
        may_decide=is_unknown and open_one is not None and not is_own and not is_payer
        and actor.may(Permission.PAYOUT_CHECK, place=place),
    )  # fmt: skip
    return make_response(text, status)
