"""The correction of a suspended agreement for people: report, finding, restoration, end of the affected data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.agreements.schemas import uploaded
from registry.policy import RegistryPolicy
from registry.suspensions import commands, queries
from registry.suspensions.rules import STATE_TITLES
from registry.suspensions.schemas import AffectedDataIn, CorrectionFindingIn, CorrectionWordsIn

blueprint = Blueprint("suspension_pages", __name__, template_folder="../templates")


@blueprint.get("/agreements/<uuid:agreement_id>/correction")
@requires(Permission.AGREEMENT_READ)
def show(agreement_id: UUID) -> Response:
    """Show why an agreement is suspended, what was reported, and what may be done."""
    return _page(agreement_id)


@blueprint.post("/agreements/<uuid:agreement_id>/correction")
@requires(Permission.DUTY_FILE)
def report(agreement_id: UUID) -> AnyResponse:
    """Report a correction with its evidence."""
    evidence = uploaded("evidence")
    return _step(
        agreement_id, CorrectionWordsIn, gettext("整改情况已报告，等待主管部门核实。"),
        lambda session, data: commands.report_correction(
            session, current_actor(), agreement_id, **data, **evidence, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.get("/agreements/<uuid:agreement_id>/correction/<uuid:report_id>/evidence")
@requires(Permission.AGREEMENT_READ)
def evidence(agreement_id: UUID, report_id: UUID) -> Response:
    """Hand out the evidence of a correction, as a download and never as a page of this site."""
    agreements.visible(db.session(), current_actor(), agreement_id)
    kept = files.get(db.session(), queries.report(db.session(), agreement_id, report_id).evidence_sha256)
    return attachment(kept.content, kept.name)


@blueprint.post("/agreements/<uuid:agreement_id>/correction/<uuid:report_id>/finding")
@requires(Permission.AGREEMENT_WRITE)
def reject(agreement_id: UUID, report_id: UUID) -> AnyResponse:
    """Find a reported correction insufficient."""
    return _step(
        agreement_id, CorrectionFindingIn, gettext("已退回，运营机构可在期限内重新报告。"),
        lambda session, data: commands.reject_correction(
            session, current_actor(), agreement_id, report_id, **data, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/agreements/<uuid:agreement_id>/restore")
@requires(Permission.AGREEMENT_WRITE)
def restore(agreement_id: UUID) -> AnyResponse:
    """Ask for the restoration, or confirm what another person asked for."""
    return _step(
        agreement_id, None, gettext("已受理：须由两位主管人员先后确认。"),
        lambda session, _: commands.restore(session, current_actor(), agreement_id, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/agreements/<uuid:agreement_id>/partial-ends")
@requires(Permission.AGREEMENT_WRITE)
def ask_end_of_part(agreement_id: UUID) -> AnyResponse:
    """Ask that the authorization of the affected data end."""
    return _step(
        agreement_id, AffectedDataIn, gettext("已受理，须由另一位主管人员确认。"),
        lambda session, data: commands.ask_end_of_part(
            session, current_actor(), agreement_id, **data, now=clock.now(), book=policy_book()
        ),
    )  # fmt: skip


@blueprint.post("/agreements/<uuid:agreement_id>/partial-ends/<uuid:part_id>/confirmation")
@requires(Permission.AGREEMENT_WRITE)
def confirm_end_of_part(agreement_id: UUID, part_id: UUID) -> AnyResponse:
    """Confirm it as the second person."""
    return _step(
        agreement_id, None, gettext("相关数据的授权自今日起终止，协议其余部分恢复。"),
        lambda session, _: commands.confirm_end_of_part(
            session, current_actor(), agreement_id, part_id, now=clock.now()
        ),
    )  # fmt: skip


def _step(agreement_id: UUID, schema: Any, done: str, act: Callable[[Session, dict[str, Any]], object]) -> AnyResponse:
    form = Form(schema) if schema else None
    if form is not None and not form.accepts():
        return _page(agreement_id, form=form, status=422)
    try:
        with db.transaction() as session:
            agreements.visible(session, current_actor(), agreement_id)
            match_version(session, Agreement, agreement_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return _page(agreement_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("suspension_pages.show", agreement_id=agreement_id), code=303)


def _page(
    agreement_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session, today = current_actor(), db.session(), clock.today()
    agreement = agreements.visible(session, actor, agreement_id)
    is_suspended = agreement.state is AgreementState.SUSPENDED
    state = queries.state_of(session, agreement, today) if is_suspended else None
    waiting = queries.waiting_part(session, agreement)
    entries = sorted(agreement.scope, key=lambda entry: entry.resource.code)
    text = render_template(
        "registry/suspensions/correction.html", agreement=agreement, is_suspended=is_suspended, state=state,
        state_title=gettext(STATE_TITLES[state]) if state else "", reports=queries.reports(session, agreement_id),
        parts=[(one, business_date(one.confirmed_at)) for one in queries.parts(session, agreement.id)
               if one.confirmed_at],
        waiting=waiting, asked_by_me=actor.id in (agreement.pending_by, waiting.asked_by if waiting else None),
        in_scope=[(str(one.resource_id), f"{one.resource.code} {one.resource.title}") for one in entries
                  if one.counts(today)],
        ended=[one for one in entries if not one.counts(today)], form=form or Form(CorrectionFindingIn), today=today,
        refusal=words_of(refusal),
        may_report=actor.may(Permission.DUTY_FILE, org_id=agreement.operating_institution_id, place=agreement.place),
        may_write=actor.may(Permission.AGREEMENT_WRITE, place=agreement.place),
        policy=RegistryPolicy.at(policy_book(), agreement.place, today),
    )  # fmt: skip
    return make_response(text, status)
