"""Exits for people: what has ended, the checklist, the certificate of deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.schemas import uploaded
from registry.exits import commands, queries
from registry.exits.model import ExitFile
from registry.exits.rules import KEPT_TITLES, REASON_TITLES, KeptRecord, possible
from registry.exits.schemas import DeletionIn, ExitIn, FinalSettlementIn
from registry.resources import queries as resources

blueprint = Blueprint("exit_pages", __name__, template_folder="../templates")


@blueprint.get("/exits")
@requires(Permission.AGREEMENT_READ)
def browse() -> str:
    """List the exits, and the authorizations that have ended without one."""
    session, actor, today = db.session(), current_actor(), clock.today()
    query = queries.listed(actor, place=request.args.get("place") or None)
    return render_template(
        "registry/exits/list.html", found=page(session, query, ExitFile), reasons=_reasons(),
        waiting=queries.waiting(session, actor, today), parts=queries.parts_waiting(session, actor),
        may_open=actor.may(Permission.EXIT_WRITE),
    )  # fmt: skip


@blueprint.post("/exits")
@requires(Permission.EXIT_WRITE)
def open_exit() -> AnyResponse:
    """Open the exit from an authorization that has ended."""
    form = Form(ExitIn)
    if not form.accepts():
        return make_response(browse(), 422)
    try:
        with db.transaction() as session:
            agreements.visible(session, current_actor(), form.data["agreement_id"])
            made = commands.open_exit(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
    except DomainError as error:
        flash(error.detail, "danger")
        return make_response(browse(), error.status)
    return redirect(url_for("exit_pages.show", exit_id=made.id), code=303)


@blueprint.get("/exits/<uuid:exit_id>")
@requires(Permission.AGREEMENT_READ)
def show(exit_id: UUID) -> Response:
    """Show one exit with its checklist."""
    return _page(exit_id)


@blueprint.get("/exits/<uuid:exit_id>/certificate")
@requires(Permission.AGREEMENT_READ)
def certificate(exit_id: UUID) -> str:
    """Show the certificate of deletion as it is printed.

    Raises:
        NoSuchExit: there is no exit, or no certificate yet.
    """
    found = queries.visible(db.session(), current_actor(), exit_id)
    if found.certificate is None:
        raise queries.NoSuchExit(f"退出档案 {found.number} 尚未出具数据删除证明", detail_en="No certificate yet.")
    kept = [gettext(KEPT_TITLES[KeptRecord(code)]) for code in found.certificate.kept_records]
    return render_template(
        "registry/exits/certificate.html", found=found, certificate=found.certificate, kept=kept, reasons=_reasons()
    )


@blueprint.get("/exits/<uuid:exit_id>/evidence")
@requires(Permission.AGREEMENT_READ)
def evidence(exit_id: UUID) -> Response:
    """Hand out the evidence of the deletion, as a download and never as a page of this site."""
    found = queries.visible(db.session(), current_actor(), exit_id)
    kept = files.get(db.session(), found.certificate.evidence_sha256 if found.certificate else "")
    return attachment(kept.content, kept.name)


@blueprint.post("/exits/<uuid:exit_id>/certificate")
@requires(Permission.EXIT_WRITE)
def certify(exit_id: UUID) -> AnyResponse:
    """Certify the deletion with its evidence."""
    sent = uploaded("evidence")
    return _step(
        exit_id, DeletionIn, gettext("数据删除证明已出具。"),
        lambda session, data: commands.certify(session, current_actor(), exit_id, **data, **sent, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/exits/<uuid:exit_id>/settlement")
@requires(Permission.AGREEMENT_WRITE)
def note_settlement(exit_id: UUID) -> AnyResponse:
    """Note the final settlement."""
    return _step(
        exit_id, FinalSettlementIn, gettext("最终结算已登记。"),
        lambda session, data: commands.note_settlement(session, current_actor(), exit_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/exits/<uuid:exit_id>/closure")
@requires(Permission.AGREEMENT_WRITE)
def close(exit_id: UUID) -> AnyResponse:
    """Ask for the closure, or confirm what another person asked for."""
    return _step(
        exit_id, None, gettext("已受理：须由两位主管人员先后确认。"),
        lambda session, _: commands.close(session, current_actor(), exit_id, now=clock.now(), book=policy_book()),
    )  # fmt: skip


@blueprint.get("/agreements/<uuid:agreement_id>/partial-ends/<uuid:part_id>/certificate")
@requires(Permission.AGREEMENT_READ)
def part(agreement_id: UUID, part_id: UUID) -> Response:
    """Show the certificate of deletion of an ended part as it is printed, or the form to issue it."""
    return _part_page(agreement_id, part_id)


@blueprint.post("/agreements/<uuid:agreement_id>/partial-ends/<uuid:part_id>/certificate")
@requires(Permission.EXIT_WRITE)
def certify_part(agreement_id: UUID, part_id: UUID) -> AnyResponse:
    """Certify the deletion of an ended part with its evidence."""
    form, sent = Form(DeletionIn), uploaded("evidence")
    if not form.accepts():
        return _part_page(agreement_id, part_id, form=form, status=422)
    try:
        with db.transaction() as session:
            agreements.visible(session, current_actor(), agreement_id)
            match_version(session, Agreement, agreement_id)
            commands.certify_part(
                session, current_actor(), agreement_id, part_id, **form.data, **sent, now=clock.now(),
                book=policy_book(),
            )  # fmt: skip
    except DomainError as error:
        return _part_page(agreement_id, part_id, form=form, refusal=error, status=error.status)
    flash(gettext("数据删除证明已出具。"), "success")
    return redirect(url_for("exit_pages.part", agreement_id=agreement_id, part_id=part_id), code=303)


@blueprint.get("/agreements/<uuid:agreement_id>/partial-ends/<uuid:part_id>/evidence")
@requires(Permission.AGREEMENT_READ)
def part_evidence(agreement_id: UUID, part_id: UUID) -> Response:
    """Hand out the evidence of the deletion of a part, as a download and never as a page of this site."""
    found = queries.visible_deletion(db.session(), current_actor(), agreement_id, part_id)
    kept = files.get(db.session(), found.evidence_sha256)
    return attachment(kept.content, kept.name)


def _part_page(
    agreement_id: UUID,
    part_id: UUID,
    *,
    form: Form | None = None,
    refusal: DomainError | None = None,
    status: int = 200,
) -> Response:
    actor, session = current_actor(), db.session()
    agreement = agreements.visible(session, actor, agreement_id)
    ended = queries.ended_part(session, agreement, part_id)
    operator_id = agreement.operating_institution_id
    text = render_template(
        "registry/exits/part.html", agreement=agreement, part=ended, form=form or Form(DeletionIn),
        certificate=queries.deletion_of_part(session, ended.id),
        resources=resources.several(session, [UUID(one) for one in ended.resource_ids]),
        kept=[gettext(title) for title in KEPT_TITLES.values()],
        refusal=words_of(refusal),
        may_certify=actor.may(Permission.EXIT_WRITE, org_id=operator_id, place=agreement.place),
    )  # fmt: skip
    return make_response(text, status)


def _step(exit_id: UUID, schema: Any, done: str, act: Callable[[Session, dict[str, Any]], object]) -> AnyResponse:
    form = Form(schema) if schema else None
    if form is not None and not form.accepts():
        return _page(exit_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), exit_id)
            match_version(session, ExitFile, exit_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return _page(exit_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("exit_pages.show", exit_id=exit_id), code=303)


def _page(
    exit_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    found = queries.visible(session, actor, exit_id)
    operator_id = found.agreement.operating_institution_id
    text = render_template(
        "registry/exits/exit.html", found=found, tasks=[
            {"title": gettext(one.title), "is_done": one.is_done, "due": one.due, "note": one.note, "rule": one.rule}
            for one in queries.checklist(found, clock.today())
        ],
        form=form or Form(DeletionIn), refusal=words_of(refusal),
        events=[event.value for event in possible(found.state)], reasons=_reasons(),
        asked_by_me=found.close_asked_by is not None and found.close_asked_by == actor.id,
        may_certify=actor.may(Permission.EXIT_WRITE, org_id=operator_id, place=found.place),
        may_write=actor.may(Permission.AGREEMENT_WRITE, place=found.place),
        kept=[gettext(title) for title in KEPT_TITLES.values()],
    )  # fmt: skip
    return make_response(text, status)


def _reasons() -> dict[str, str]:
    return {one.value: gettext(title) for one, title in REASON_TITLES.items()}
