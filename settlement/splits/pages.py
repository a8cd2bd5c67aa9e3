"""Share schedules for people: the list, one schedule with its signatures, drawing up and signing."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.agreements.model import Agreement
from registry.products.queries import by_code
from settlement.splits import commands, queries
from settlement.splits.model import ShareSchedule
from settlement.splits.rules import ScheduleState
from settlement.splits.schemas import ScheduleIn

blueprint = Blueprint("schedule_pages", __name__, template_folder="../templates")
KINDS = {
    "fixed": lazy_gettext("固定金额"), "rate": lazy_gettext("按比例"), "recover": lazy_gettext("成本回收"),
    "pool": lazy_gettext("按权重分配"), "rest": lazy_gettext("余额"),
}  # fmt: skip


class ScheduleForm(Form):
    """A schedule as people type it: the steps as JSON."""

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid."""
        is_valid = super().accepts()
        self.errors.pop("steps", None)
        try:
            steps = json.loads(request.form.get("steps", ""), parse_float=str)
        except (ValueError, RecursionError):
            steps = None
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            self.errors["steps"] = [gettext("步骤须为 JSON 列表，每一步是一个对象")]
            return False
        sent = {name: value for name, value in self.values.items() if name in ScheduleIn().fields and value}
        errors = ScheduleIn().validate(sent | {"steps": steps})
        self.errors = errors
        if errors:
            return False
        self.data = ScheduleIn().load(sent | {"steps": steps})
        return is_valid or not errors


@blueprint.get("/schedules")
@requires(Permission.STATEMENT_READ)
def browse() -> str:
    """List the schedules that the actor may read, the newest first."""
    return _browse(ScheduleForm(ScheduleIn, {"steps": "[]"}), None)


def _browse(form: Form, refusal: DomainError | None) -> str:
    session, actor = db.session(), current_actor()
    found = page(session, queries.listed(actor), ShareSchedule, newest_first=True)
    ids = {row.agreement_id for row in found["items"]}
    agreements = {row.id: row.number for row in session.query(Agreement).where(Agreement.id.in_(ids))}
    return render_template(
        "settlement/splits/browse.html", found=found, agreements=agreements, form=form, refusal=refusal,
        may_write=actor.may(Permission.SCHEDULE_WRITE),
    )  # fmt: skip


@blueprint.post("/schedules")
@requires(Permission.SCHEDULE_WRITE)
def draw_up() -> AnyResponse:
    """Draw up the next version."""
    form = ScheduleForm(ScheduleIn)
    if not form.accepts():
        return make_response(_browse(form, None), 422)
    try:
        with db.transaction() as session:
            code = form.data["product_code"]
            product = by_code(session, code) if code else None
            made = commands.draw_up(
                session, current_actor(), agreement_id=queries.agreement_id_of(session, form.data["agreement_number"]),
                product_id=product.id if product else None, valid_from=form.data["valid_from"],
                steps=form.data["steps"], now=clock.now(), book=policy_book(),
            )  # fmt: skip
    except DomainError as refusal:
        return make_response(_browse(form, refusal), refusal.status)
    flash(gettext("分配方案 %(number)s 已拟定，待各方签署。", number=made.number), "success")
    return redirect(url_for("schedule_pages.show", number=made.number), code=303)


@blueprint.get("/schedules/<number>")
@requires(Permission.STATEMENT_READ)
def show(number: str) -> Response:
    """Show one schedule with its steps and signatures."""
    session, actor = db.session(), current_actor()
    schedule = queries.visible(session, actor, number)
    signed = {party.uscc: signature for signature, party in queries.signatures(session, schedule.id)}
    parties = queries.parties_of(session, [str(uscc) for uscc in schedule.parties])
    rows = [
        {"uscc": uscc, "party": parties.get(uscc), "signature": signed.get(uscc),
         "may_sign": uscc in parties and uscc not in signed and _may_sign(parties[uscc], schedule)}
        for uscc in schedule.parties
    ]  # fmt: skip
    agreement = session.get_one(Agreement, schedule.agreement_id)
    return make_response(
        render_template("settlement/splits/show.html", schedule=schedule, rows=rows, kinds=KINDS, names=parties,
                        agreement=agreement, is_signed=schedule.state is ScheduleState.SIGNED)
    )  # fmt: skip


def _may_sign(party: Any, schedule: ShareSchedule) -> bool:
    actor = current_actor()
    return (actor.org_id is None or actor.org_id == party.id) and actor.may(
        Permission.SCHEDULE_SIGN, org_id=party.id, place=schedule.place
    )


@blueprint.post("/schedules/<number>/signatures")
@requires(Permission.SCHEDULE_SIGN)
def sign(number: str) -> AnyResponse:
    """Sign for an organisation."""
    with db.transaction() as session:
        match_version(session, ShareSchedule, queries.visible(session, current_actor(), number).id)
        made = commands.sign(
            session, current_actor(), number, now=clock.now(), book=policy_book(),
            party_uscc=request.form.get("party_uscc") or None,
        )  # fmt: skip
    flash(gettext("已签署 %(number)s。", number=made.number), "success")
    return redirect(url_for("schedule_pages.show", number=number), code=303)
