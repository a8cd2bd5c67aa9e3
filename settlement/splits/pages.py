"""Share schedules for people: the list, one schedule with its signatures, drawing up and signing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, plots
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from kernel.wording import leaves
from registry.agreements.model import Agreement
from registry.agreements.queries import in_scope as agreements_in_scope
from registry.drafts.gateway import kept_form, typed_in, was_sent
from registry.drafts.model import FormDraft
from registry.products.model import Product
from registry.products.queries import by_code
from settlement.splits import commands, queries
from settlement.splits.model import ShareSchedule
from settlement.splits.rules import ScheduleState
from settlement.splits.schemas import ScheduleIn, SchedulePreviewArgs

blueprint = Blueprint("schedule_pages", __name__, template_folder="../templates")
KINDS = {
    "fixed": lazy_gettext("固定金额"), "rate": lazy_gettext("按比例"), "recover": lazy_gettext("成本回收"),
    "pool": lazy_gettext("按权重分配"), "rest": lazy_gettext("余额"),
}  # fmt: skip
BOUNDS = {
    "rate": lazy_gettext("按约定"), "floor": lazy_gettext("按下限"), "cap": lazy_gettext("按上限"),
    "party_caps": lazy_gettext("各方均达上限"), "left": lazy_gettext("余额不足"),
    "not_in_force": lazy_gettext("不在适用期间"),
}  # fmt: skip
NON_MONEY = {
    "equity": lazy_gettext("股权参股"), "ip_share": lazy_gettext("知识产权共享"),
    "in_kind_service": lazy_gettext("数据资源补偿服务"),
}  # fmt: skip
PREVIEW_FIELDS = ("gross", "refunds", "tax", "on")
ADDRESS_MAX = 2000  # of steps in an address: servers refuse longer lines
TEMPLATES: dict[str, dict[str, Any]] = {
    "fixed": {"key": "fixed", "kind": "fixed", "party": "", "value": "1000.00"},
    "rate": {"key": "rate", "kind": "rate", "party": "", "value": "0.6", "base": "net_of_tax"},
    "recover": {"key": "recover", "kind": "recover", "party": "", "value": "10000.00", "in_cost_base": False},
    "pool": {"key": "pool", "kind": "pool", "value": "0.3", "base": "net_of_tax",
             "contributors": {"usage": "0.5", "quality": "0.3", "input": "0.2"}},
    "rest": {"key": "rest", "kind": "rest", "party": ""},
}  # fmt: skip


class ScheduleForm(Form):
    """A schedule as people type it: the steps as JSON."""

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid."""
        super().accepts()
        read, self.errors = {}, {}
        for name in ("steps", "non_money"):
            text = request.form.get(name, "") or ("[]" if name == "non_money" else "")
            read[name], wrong = _steps_of(text)
            if wrong:
                self.errors[name] = wrong["steps"]
        sent = {name: value for name, value in self.values.items() if name in ScheduleIn().fields and value}
        if not self.errors:
            self.errors = ScheduleIn().validate(sent | read)
        if self.errors:
            return False
        self.data = ScheduleIn().load(sent | read)
        return True


@blueprint.get("/schedules")
@requires(Permission.STATEMENT_READ)
def browse() -> str:
    """List the schedules that the actor may read, the newest first."""
    kept = kept_form(url_for("schedule_pages.draw_up"))
    return _browse(ScheduleForm(ScheduleIn, {"steps": "[]"} | typed_in(kept)), None, kept)


def _browse(form: Form, refusal: DomainError | None, kept: FormDraft | None = None) -> str:
    session, actor = db.session(), current_actor()
    found = page(session, queries.listed(actor), ShareSchedule, newest_first=True)
    ids = {row.agreement_id for row in found["items"]}
    agreements = {row.id: row.number for row in session.query(Agreement).where(Agreement.id.in_(ids))}
    return render_template(
        "settlement/splits/browse.html", found=found, agreements=agreements, form=form, refusal=refusal, kept=kept,
        readable=_readable(ids), products=_products({row.scope for row in found["items"]}),
        may_write=actor.may(Permission.SCHEDULE_WRITE),
    )  # fmt: skip


def _readable(agreement_ids: set[UUID]) -> set[UUID]:
    """Return those agreements to whose page the reader may go."""
    query = sa.select(Agreement.id).where(Agreement.id.in_(agreement_ids), agreements_in_scope(current_actor()))
    return set(db.session().scalars(query))


def _products(codes: set[str]) -> dict[str, str]:
    query = sa.select(Product.code, Product.title).where(Product.code.in_(codes))
    return dict(db.session().execute(query).all())


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
                steps=form.data["steps"], valid_until=form.data["valid_until"], clause=form.data["clause"],
                non_money=form.data["non_money"], now=clock.now(), book=policy_book(),
            )  # fmt: skip
            was_sent(session, url_for("schedule_pages.draw_up"), now=clock.now())
    except DomainError as refusal:
        return make_response(_browse(form, refusal), refusal.status)
    flash(gettext("分配方案 %(number)s 已拟定，待各方签署。", number=made.number), "success")
    return redirect(url_for("schedule_pages.show", number=made.number), code=303)


@blueprint.get("/schedules/editor")
@requires(Permission.STATEMENT_READ)
def editor() -> AnyResponse:
    """Write steps, see what is wrong with them, and what they would make of an amount; the address holds it all."""
    return _tried(None, request.args.get("steps", ""))


@blueprint.get("/schedules/editor.svg")
@requires(Permission.STATEMENT_READ)
def editor_plot() -> Response:
    """Draw what the steps of the address would make of the amount."""
    steps, _ = _steps_of(request.args.get("steps", ""))
    return _plot(steps)


@blueprint.get("/schedules/<number>/preview")
@requires(Permission.STATEMENT_READ)
def preview(number: str) -> AnyResponse:
    """Enter an amount and see what a schedule makes of it, as a chart and as a table."""
    schedule = queries.visible(db.session(), current_actor(), number)
    return _tried(schedule, json.dumps(schedule.steps, ensure_ascii=False, indent=1))


@blueprint.get("/schedules/<number>/waterfall.svg")
@requires(Permission.STATEMENT_READ)
def waterfall_plot(number: str) -> Response:
    """Draw what a schedule makes of the amount of the address."""
    return _plot(queries.visible(db.session(), current_actor(), number).steps)


def _tried(schedule: ShareSchedule | None, text: str) -> AnyResponse:
    """Return the page of the editor, or of one schedule, with findings, chart and table."""
    steps, errors = _steps_of(text) if text else (None, {})
    if schedule is None and (template := TEMPLATES.get(request.args.get("add", ""))) is not None:
        steps = [*(steps or []), template]
        text = json.dumps(steps, ensure_ascii=False, indent=1)
    found = queries.findings(steps) if steps is not None else []
    asked = {name: value for name, value in request.args.items() if name in PREVIEW_FIELDS and value}
    division, refusal, status = None, None, 200
    if steps is not None and not found and "gross" in asked:
        try:
            division = queries.preview(steps=steps, **SchedulePreviewArgs().load(asked))
        except ma.ValidationError as error:
            errors = {
                **errors,
                **{pointer.strip("/"): [words] for pointer, words in leaves(error.normalized_messages())},
            }
        except DomainError as problem:
            refusal, status = problem, problem.status
    usccs = {uscc for one in (division.steps if division else ()) for uscc in one.out}
    page_text = render_template(
        "settlement/splits/preview.html", schedule=schedule, text=text, findings=found, errors=errors, values=asked,
        division=division, kinds=KINDS, names=queries.parties_of(db.session(), usccs), refusal=refusal,
        templates=[(key, KINDS[key]) for key in TEMPLATES], everyone=queries.CONTRIBUTORS,
        drawn=asked | ({"steps": json.dumps(steps, separators=(",", ":"))} if schedule is None else {}),
        is_short=len(text) <= ADDRESS_MAX, bounds=BOUNDS,
    )  # fmt: skip
    return make_response(page_text, 422 if errors else status)


def _steps_of(text: str) -> tuple[list[Any] | None, dict[str, list[str]]]:
    try:
        steps = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        steps = None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return None, {"steps": [gettext("步骤须为 JSON 列表，每一步是一个对象")]}
    return steps, {}


def _plot(steps: object) -> Response:
    try:
        asked = {name: value for name, value in request.args.items() if name in PREVIEW_FIELDS and value}
        division = queries.preview(steps=steps, **SchedulePreviewArgs().load(asked))
    except (ma.ValidationError, DomainError):
        abort(404)
    first = (gettext("可分配金额"), Decimal(division.steps[0].inflow.text()))
    taken = [(one.trace.key, Decimal((one.inflow - one.left).text())) for one in division.steps]
    drawn = plots.cascade(gettext("分配瀑布"), first, taken, unit=gettext("元"))
    return Response(drawn, mimetype="image/svg+xml")


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
                        agreement=agreement, is_signed=schedule.state is ScheduleState.SIGNED,
                        non_money=NON_MONEY, digest=queries.content_sha256(schedule),
                        is_readable=bool(_readable({agreement.id})), products=_products({schedule.scope}))
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
