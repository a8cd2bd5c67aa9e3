"""Charges borne by the operator, for people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.charges import commands, queries
from pricing.charges.model import Charge
from pricing.charges.rules import ChargeKind
from pricing.charges.schemas import ChargeFormIn, CorrectionIn
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity

blueprint = Blueprint("charge_pages", __name__, template_folder="../templates")
# the words of the rules once more, so that they can be translated at the moment of showing
KIND_WORDS = {
    ChargeKind.RESOURCE_CONSUMPTION: _("资源消耗"),
    ChargeKind.DATA_GOVERNANCE: _("数据治理"),
    ChargeKind.MODEL_PUBLICATION: _("模型发布"),
    ChargeKind.RESULT_EXPORT: _("结果导出"),
    ChargeKind.SECURITY_SERVICE: _("安全服务"),
    ChargeKind.PUBLIC_DATA_ACQUISITION: _("获取公共数据资源支出"),
}
PAYEES = (Capacity.DATA_AUTHORITY, Capacity.PLATFORM, Capacity.SOURCE_DEPARTMENT, Capacity.MUNICIPAL_DATA_AGENCY)


class ChargeForm(Form):
    """The form of a charge; its evidence is a file of the browser."""

    def __init__(self) -> None:
        """Start with this month, counted in the operating cost."""
        super().__init__(ChargeFormIn, {"month": f"{clock.today():%Y-%m}", "in_cost_base": "true"})

    def accepts(self) -> bool:
        """Read the form and the file, which needs no base64 here."""
        sent = request.files.get("evidence")
        evidence = None
        if sent is not None and sent.filename:
            content = {"content": sent.read(), "media_type": sent.mimetype or "application/octet-stream"}
            evidence = {"name": sent.filename[:200], **content}
        read = super().accepts()
        self.data["in_cost_base"] = "in_cost_base" in request.form
        if evidence is None:
            self.errors.setdefault("evidence", []).append(gettext("请附上账单或凭证。"))
            return False
        self.data["evidence"] = evidence
        return read


@blueprint.get("/pricing/charges")
@requires(Permission.COST_READ)
def browse() -> str:
    """List the charges within one's scope, with the sums of the shown agreement and year."""
    session, actor = db.session(), current_actor()
    chosen, year = _chosen(), request.args.get("year", "")
    wanted: dict[str, Any] = {
        "agreement_id": chosen,
        "year": int(year) if year.isascii() and year.isdecimal() else None,
    }
    found = page(session, queries.visible(actor, **wanted), Charge, newest_first=True)
    counted = session.scalars(queries.visible(actor, **wanted)).all() if chosen else []
    return render_template(
        "pricing/charges/list.html", found=found, kinds=KIND_WORDS, sums=queries.sums(counted),
        explanation=queries.explain(gettext("费用合计"), counted) if counted else None,
        agreements=_agreements(), may_record=actor.may(Permission.CHARGE_RECORD),
    )  # fmt: skip


@blueprint.route("/pricing/charges/new", methods=["GET", "POST"])
@requires(Permission.CHARGE_RECORD)
def record() -> AnyResponse:
    """Record a charge; what one recorded or was paid so far stands below."""
    form = ChargeForm()
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                made = commands.record(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("费用 %(number)s 已记录。", number=made.number), "success")
            return redirect(url_for("charge_pages.show", charge_id=made.id), code=303)
    session, actor = db.session(), current_actor()
    text = render_template(
        "pricing/charges/form.html", form=form, refusal=words_of(form.problem), agreements=_agreements(),
        payees=_payees(), kinds=[(kind.value, word) for kind, word in KIND_WORDS.items()], titles=KIND_WORDS,
        recent=page(session, queries.visible(actor), Charge, newest_first=True),
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


@blueprint.get("/pricing/charges/<uuid:charge_id>")
@requires(Permission.ACCOUNT_OWN)
def show(charge_id: UUID) -> Response:
    """Show one charge: who pays whom, by which rule, with its evidence and its correction."""
    return _charge_page(charge_id, Form(CorrectionIn))


@blueprint.post("/pricing/charges/<uuid:charge_id>/correction")
@requires(Permission.CHARGE_RECORD)
def correct(charge_id: UUID) -> AnyResponse:
    """Take a charge back, with a reason."""
    form = Form(CorrectionIn)
    if not form.accepts():
        return _charge_page(charge_id, form, status=422)
    try:
        with db.transaction() as session:
            made = commands.correct(session, current_actor(), charge_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _charge_page(charge_id, form, status=error.status)
    flash(gettext("已更正，更正记录为 %(number)s；正确的费用请重新记录。", number=made.number), "success")
    return redirect(url_for("charge_pages.show", charge_id=made.id), code=303)


@blueprint.get("/pricing/charges/<uuid:charge_id>/evidence")
@requires(Permission.ACCOUNT_OWN)
def evidence(charge_id: UUID) -> Response:
    """Hand out the bill, as a download and never as a page of this site."""
    charge = queries.get(db.session(), current_actor(), charge_id)
    kept = files.get(db.session(), charge.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


def _charge_page(charge_id: UUID, form: Form, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    charge = queries.get(session, actor, charge_id)
    correction = queries.correction_of(session, charge.id)
    corrected = queries.get(session, actor, charge.corrects_id) if charge.corrects_id else None
    may_correct = actor.may(Permission.CHARGE_RECORD, place=charge.place) and not correction and not corrected
    text = render_template(
        "pricing/charges/charge.html", charge=charge, correction=correction, corrected=corrected, form=form,
        agreement=agreements.get(session, charge.agreement_id), kind=KIND_WORDS[charge.kind],
        explanation=queries.explain_one(charge), refusal=words_of(form.problem), may_correct=may_correct,
    )  # fmt: skip
    return make_response(text, status)


def _chosen() -> UUID | None:
    try:
        return UUID(request.args.get("agreement_id", ""))
    except ValueError:
        return None


def _agreements() -> list[tuple[str, str]]:
    listed = agreements.listed(current_actor()).order_by(Agreement.number)
    return [(str(found.id), f"{found.number} {found.title}") for found in db.session().scalars(listed)]


def _payees() -> list[tuple[str, str]]:
    """Return whom charges may go to: the authority and platform of the reached places, and source departments."""
    found: dict[UUID, Any] = {}
    for capacity in PAYEES:
        listed = parties.listed(current_actor(), capacity=capacity).order_by(Party.name)
        found |= {party.id: party for party in db.session().scalars(listed)}
    return [(str(party.id), f"{party.name}（{party.uscc}）") for party in found.values()]
