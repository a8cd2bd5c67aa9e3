"""Egress checks for people; they are decided at the desk of the reviews."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import (
    Form,
    current_actor,
    match_version,
    page,
    policy_book,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import Permission
from registry.egress import checks, commands, queries
from registry.egress.model import EgressCheck
from registry.egress.rules import OPEN, STATE_TITLES, EgressState
from registry.egress.schemas import EgressCheckIn, EgressExportIn, EgressFactsIn, EgressWithdrawalIn
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure
from registry.products import queries as products
from registry.products.rules import DeliveryForm
from registry.reviews import queries as reviews
from registry.reviews.model import Review, ReviewStage

blueprint = Blueprint("egress_pages", __name__, template_folder="../templates")


class ReportForm(Form):
    """A form whose report is a file of the browser."""

    def accepts(self) -> bool:
        """Read the form and the file; the file needs no base64 here."""
        read = super().accepts()
        sent = request.files.get("file")
        if read and sent is not None and sent.filename:
            content = sent.read()
            self.data["report"] = {"name": sent.filename, "media_type": sent.mimetype, "content": content}
        return read


class ExportForm(Form):
    """A delivery: the file that left is only measured here, never kept."""

    def accepts(self) -> bool:
        """Read the form; digest and size come from the file where one is chosen."""
        self.values = {name: value for name, value in request.form.items() if name not in ("csrf_token", "version")}
        sent = {name: value for name, value in self.values.items() if value != ""}
        file = request.files.get("file")
        if file is not None and file.filename:
            content = file.read()
            sent |= {"file_sha256": hashlib.sha256(content).hexdigest(), "size_bytes": str(len(content))}
        self.errors = self.schema.validate(sent)
        if not self.errors:
            self.data = self.schema.load(sent)
        return not self.errors


@blueprint.get("/egress")
@requires(Permission.PRODUCT_READ)
def browse() -> str:
    """List the checks within one's scope."""
    text = request.args.get("state", "")
    state = EgressState(text) if text in list(EgressState) else None
    found = page(db.session(), queries.listed(current_actor(), state=state), EgressCheck, newest_first=True)
    return render_template("registry/egress/list.html", found=found, titles=STATE_TITLES)


@blueprint.route("/egress/new/<code>", methods=["GET", "POST"])
@requires(Permission.EGRESS_REQUEST)
def request_check(code: str) -> AnyResponse:
    """Ask that the newest version of a product be checked."""
    product = products.visible(db.session(), current_actor(), code)
    newest = products.latest_version(db.session(), product.id)
    form, status = ReportForm(EgressCheckIn, {"form": product.delivery_form.value}), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.request_check(
                        session, current_actor(), **form.data, book=policy_book(), calendar=working_calendar(),
                        now=clock.now(),
                    )  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("出域合规核查 %(number)s 已提交。", number=made.number), "success")
                return redirect(url_for("egress_pages.show", check_id=made.id), code=303)
    required = RegistryPolicy.at(policy_book(), product.place, _today()).egress_check_required
    text = render_template(
        "registry/egress/new.html", form=form, refusal=words_of(form.problem), product=product, newest=newest,
        forms=list(DeliveryForm), required=required,
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/egress/<uuid:check_id>")
@requires(Permission.PRODUCT_READ)
def show(check_id: UUID) -> Response:
    """Show one check with findings, course and everything that left."""
    return _check_page(check_id)


@blueprint.post("/egress/<uuid:check_id>/resubmission")
@requires(Permission.EGRESS_REQUEST)
def resubmit(check_id: UUID) -> AnyResponse:
    """Send a returned check in again."""
    return _step(
        check_id, ReportForm(EgressFactsIn), gettext("已重新提交。"),
        lambda session, data: commands.resubmit(
            session, current_actor(), check_id, **data, calendar=working_calendar(), now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/egress/<uuid:check_id>/withdrawal")
@requires(Permission.EGRESS_REQUEST)
def withdraw(check_id: UUID) -> AnyResponse:
    """Take a check back."""
    return _step(
        check_id, Form(EgressWithdrawalIn), gettext("已撤回。"),
        lambda session, data: commands.withdraw(session, current_actor(), check_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/egress/<uuid:check_id>/exports")
@requires(Permission.EGRESS_REQUEST)
def export(check_id: UUID) -> AnyResponse:
    """Record a delivery."""
    return _step(
        check_id, ExportForm(EgressExportIn), gettext("出域交付已记录。"),
        lambda session, data: commands.export(session, current_actor(), check_id, **data, now=clock.now()),
    )  # fmt: skip


def _step(check_id: UUID, form: Form, done: str, act: Callable[[Session, dict[str, Any]], object]) -> AnyResponse:
    if not form.accepts():
        return _check_page(check_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.detail(session, current_actor(), check_id)
            match_version(session, EgressCheck, check_id)
            act(session, form.data)
    except DomainError as error:
        return _check_page(check_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("egress_pages.show", check_id=check_id), code=303)


def _check_page(
    check_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    check = queries.detail(session, actor, check_id)
    product = products.get(session, check.product_id)
    is_mine = actor.may(Permission.EGRESS_REQUEST, org_id=check.applicant_id, place=check.place)
    operates = actor.may(
        Permission.EGRESS_REQUEST, org_id=product.agreement.operating_institution_id, place=check.place
    )  # fmt: skip
    shown = {"description": check.description, "personal_basis": check.personal_basis,
             "minimum_group_size": check.minimum_group_size, "form": check.form.value}  # fmt: skip
    history = reviews.history(session, Procedure.EGRESS, [check.id])
    text = render_template(
        "registry/egress/check.html", check=check, product=product, titles=STATE_TITLES, steps=_steps(check, history),
        findings=checks.findings(session, check, on=_today(), book=policy_book()),
        form=form or Form(EgressFactsIn, shown),
        may_resubmit=is_mine and check.state is EgressState.RETURNED, refusal=words_of(refusal), reviews=history,
        may_withdraw=is_mine and check.state in (EgressState.REQUESTED, EgressState.RETURNED),
        may_export=(is_mine or operates) and check.state in OPEN, forms=list(DeliveryForm),
    )  # fmt: skip
    return make_response(text, status)


def _steps(check: EgressCheck, history: Sequence[Review]) -> list[dict[str, Any]]:
    filed = {"title": gettext("申请"), "at": business_date(check.requested_at), "actor": check.applicant.name}
    left = [
        {"title": gettext("出域交付"), "at": business_date(one.exported_at), "actor": one.exported_by_name,
         "note": one.reference, "state": "done"}
        for one in check.exports
    ]  # fmt: skip
    return [
        {**filed, "state": "done"},
        *(_stage_step(stage) for review in reversed(history) for stage in review.stages),
        *left,
    ]


def _stage_step(stage: ReviewStage) -> dict[str, Any]:
    opinion = stage.opinions[0] if stage.opinions else None
    return {
        "title": gettext(stage.title), "at": None if stage.decided_at is None else business_date(stage.decided_at),
        "due": stage.due_date, "actor": opinion.reviewer_name if opinion else "",
        "note": opinion.reason if opinion else "", "state": "done" if opinion else "current",
    }  # fmt: skip


def _today() -> date:
    return business_date(clock.now())
