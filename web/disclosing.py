"""What disclosures and evaluations need from prices and settlements, handed down to the registry, with the routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel import clock, db
from kernel.calendar import Period
from kernel.errors import DomainError
from kernel.http import ApiBlueprint, Form, current_actor, policy_book, problem, requires
from kernel.identity import Permission
from market.orders.model import Order
from pricing.ceilings.queries import caps_of_agreement
from pricing.tariffs.queries import in_force
from registry.agreements.model import Agreement
from registry.disclosures import commands as disclosures
from registry.disclosures import queries as disclosed
from registry.disclosures.model import Disclosure
from registry.disclosures.rules import MODE_TITLES, ROLE_OF, SIDE_TITLES, CapFigure, FeeFigure, Figures, Side
from registry.disclosures.schemas import DisclosureDetailOut, DisclosureIn
from registry.evaluations import commands as evaluations
from registry.evaluations import queries as evaluated
from registry.evaluations.model import Evaluation
from registry.evaluations.rules import KIND_TITLES
from registry.evaluations.schemas import EvaluationDetailOut, EvaluationIn
from registry.parties import queries as parties
from registry.parties.rules import Capacity
from registry.products.model import Product
from registry.resources.queries import open_at
from settlement.packs.queries import ties_of
from settlement.packs.rules import NothingSealed, must_tie
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState

api = ApiBlueprint("disclosing", __name__, url_prefix="/api/v1", description="披露和评价 · disclosures and evaluations")
blueprint = Blueprint("disclosing_pages", __name__)
YEAR = re.compile(r"2[0-9]{3}")


def figures(session: Session, agreement_ids: Sequence[UUID], year: int, on: date) -> Figures:
    """Return caps and fees in force on a day for products under these agreements, and what was settled in a year."""
    products = session.scalars(
        sa.select(Product).where(Product.agreement_id.in_(agreement_ids)).order_by(Product.code)
    ).all()
    codes = {product.id: product.code for product in products}
    caps = {
        (cap.product_id, cap.charge_unit, cap.scope): cap  # in order of their first day: the last one counts
        for agreement_id in agreement_ids
        for cap in caps_of_agreement(session, agreement_id)
        if cap.effective_from <= on
    }
    fees = [fee for product in products for fee in in_force(session, product.id, on)]
    return Figures(
        caps=tuple(
            CapFigure(codes[cap.product_id], cap.charge_unit.value, cap.amount.text(), cap.effective_from,
                      cap.report_number)
            for cap in caps.values()
        ),
        fees=tuple(
            FeeFigure(codes[fee.product_id], fee.charge_unit.value, fee.unit_price_max.text(), fee.regime.value,
                      fee.effective_from, fee.number)
            for fee in fees
        ),
        revenue_fen=settled_fen(session, agreement_ids, Period.year(year)),
    )  # fmt: skip


def settled_fen(session: Session, agreement_ids: Sequence[UUID], period: Period) -> int | None:
    """Return the revenue with tax of the sealed settlements inside a period, in fen; ``None`` when none is sealed."""
    query = (
        sa.select(sa.type_coerce(sa.func.sum(RevenueLine.gross), sa.BigInteger))
        .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .where(
            RevenueLine.agreement_id.in_(agreement_ids), SettlementRun.state == RunState.SEALED,
            SettlementRun.period_start >= period.start, SettlementRun.period_end <= period.end,
        )
    )  # fmt: skip
    found = session.scalar(query)
    return None if found is None else int(found)


def evaluation_figures(session: Session, agreement_id: UUID | None, period: Period) -> dict[str, int]:
    """Return what the platform knows of operation under an agreement in a period: counts, and money in fen."""
    if agreement_id is None:
        return {}
    products = sa.select(sa.func.count()).select_from(Product).where(Product.agreement_id == agreement_id)
    orders = sa.select(sa.func.count()).select_from(Order).where(Order.agreement_id == agreement_id)
    known = {"products": session.scalar(products) or 0, "orders": session.scalar(orders) or 0}
    revenue = settled_fen(session, [agreement_id], period)
    return known if revenue is None else {**known, "revenue_fen": revenue}


def must_tie_to_the_ledger(session: Session, agreements: Sequence[Agreement], year: int) -> None:
    """Refuse figures of a year that are not those of the ledger; what is not sealed is in no figure.

    Raises:
        DoesNotTie: sealed revenue, ledger, shares or statements of an agreement differ.

    Source:
        DIS-01 – DIS-03; M12.
    """
    for agreement in agreements:
        try:
            ties = ties_of(session, agreement, year)
        except NothingSealed:
            continue
        must_tie(ties, agreement=agreement.number, year=year)


def prepare_disclosure(session: Session, data: dict[str, Any]) -> Disclosure:
    """Prepare a disclosure with the figures of its agreements, which are those of the ledger.

    Raises:
        DoesNotTie: what is sealed and what is booked differ.
    """
    on = clock.today()
    lines = disclosed.authorizations(
        session, data["side"], data["party_id"], data["place"], data["year"], on=on, modes={}
    )
    query = sa.select(Agreement).where(Agreement.number.in_([line.number for line in lines]))
    agreements = session.scalars(query.order_by(Agreement.number)).all()
    must_tie_to_the_ledger(session, agreements, data["year"])
    found = figures(session, [one.id for one in agreements], data["year"], on)
    return disclosures.prepare(session, current_actor(), **data, figures=found, now=clock.now(), book=policy_book())


def open_evaluation(session: Session, data: dict[str, Any]) -> Evaluation:
    """Open an evaluation with the figures of its agreement."""
    supplied: dict[str, int] = {}
    if data["period_start"] < data["period_end"]:
        supplied = evaluation_figures(session, data["agreement_id"], Period(data["period_start"], data["period_end"]))
    return evaluations.open_evaluation(
        session, current_actor(), **data, figures=supplied, now=clock.now(), book=policy_book()
    )


@api.post("/disclosures")
@requires(Permission.DISCLOSURE_WRITE)
@api.arguments(DisclosureIn)
@api.response(201, DisclosureDetailOut)
def prepare(disclosure_in):
    """Prepare the disclosure of your institution for a year; caps, fees and revenue are added from the records."""
    with db.transaction() as session:
        made = prepare_disclosure(session, disclosure_in)
        session.flush()
        return disclosed.visible(session, current_actor(), made.id)


@api.post("/evaluations")
@requires(Permission.EVALUATION_WRITE)
@api.arguments(EvaluationIn)
@api.response(201, EvaluationDetailOut)
def start(evaluation_in):
    """Open an evaluation; figures of operation are added from the records."""
    with db.transaction() as session:
        made = open_evaluation(session, evaluation_in)
        session.flush()
        return evaluated.visible(session, current_actor(), made.id)


@blueprint.route("/evaluations/new", methods=["GET", "POST"])
@requires(Permission.EVALUATION_WRITE)
def new_evaluation() -> Response:
    """Open an evaluation."""
    form, status = Form(EvaluationIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = open_evaluation(session, form.data)
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                return redirect(url_for("evaluation_pages.show", evaluation_id=made.id), code=303)
    places = _places(Permission.EVALUATION_WRITE)
    place = request.values.get("place", places[0][0] if len(places) == 1 else "")
    known = place in dict(places)
    text = render_template(
        "registry/evaluations/new.html", form=form, places=places, place=place if known else "",
        kinds=[(kind.value, gettext(title)) for kind, title in KIND_TITLES.items()],
        evaluated=_evaluated(place) if known else [], agreements=_agreements(place) if known else [],
        refusal=problem(form.problem, language=str(get_locale())) if form.problem else None,
    )  # fmt: skip
    return make_response(text, status)


class DisclosureForm(Form):
    """The disclosure as people type it: parts with a prefix, modes by agreement."""

    def accepts(self) -> bool:
        """Read the flat fields of the form into the parts of the schema; say whether they are valid."""
        sent = request.form
        whole: dict[str, Any] = {name: sent[name] for name in ("place", "side", "party_id") if sent.get(name)}
        whole |= {name: sent[name] for name in ("supersedes_id", "correction_reason") if sent.get(name)}
        whole["year"] = int(sent["year"]) if YEAR.fullmatch(sent.get("year", "")) else None
        for part, prefix in (("institution", "i_"), ("data_department", "d_"), ("authorization_modes", "mode_")):
            whole[part] = _prefixed(sent, prefix)
        self.values = dict(sent.items())
        self.errors = self.schema.validate(whole)
        self.data = {} if self.errors else self.schema.load(whole)
        return not self.errors


def _prefixed(sent: MultiDict[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): text for name, text in sent.items() if name.startswith(prefix) and text.strip()}


@blueprint.route("/disclosures/new", methods=["GET", "POST"])
@requires(Permission.DISCLOSURE_WRITE)
def new_disclosure() -> Response:
    """Prepare the disclosure of an institution: first whose and which year, then what only people know."""
    form, status = DisclosureForm(DisclosureIn, _asked()), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = prepare_disclosure(session, form.data)
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                return redirect(url_for("disclosure_pages.show", disclosure_id=made.id), code=303)
    values = form.values
    text = render_template(
        "registry/disclosures/new.html", form=form, values=values, whose=_whose(), lines=_lines(values),
        sides=[(side.value, gettext(title)) for side, title in SIDE_TITLES.items()],
        modes=[(code, gettext(title)) for code, title in MODE_TITLES.items()],
        refusal=problem(form.problem, language=str(get_locale())) if form.problem else None,
    )  # fmt: skip
    return make_response(text, status)


def _asked() -> dict[str, Any]:
    """Return whose disclosure of which year is asked for; of a correction, those of the one that it corrects."""
    corrected = request.args.get("supersedes_id", default=None, type=UUID)
    if corrected:
        old = disclosed.visible(db.session(), current_actor(), corrected)
        return {"whose": f"{old.side}/{old.place}/{old.party_id}", "year": str(old.year),
                "supersedes_id": str(corrected), "side": old.side.value, "place": old.place,
                "party_id": str(old.party_id)}  # fmt: skip
    asked = {"whose": request.args.get("whose", ""), "year": request.args.get("year", str(clock.today().year - 1))}
    if asked["whose"] in dict(_whose()):
        asked["side"], asked["place"], asked["party_id"] = asked["whose"].split("/")
    return asked


def _whose() -> list[tuple[str, str]]:
    """Return the institutions for which the actor may disclose, by side and place."""
    actor, session, found = current_actor(), db.session(), []
    for place, title in _places(Permission.DISCLOSURE_WRITE):
        wanted = ((Side.IMPLEMENTING, Capacity.DATA_AUTHORITY), (Side.OPERATING, Capacity.OPERATING_INSTITUTION))
        for side, capacity in wanted:
            for party in parties.having(session, capacity, place):
                role = ROLE_OF[side]
                if any(one.role is role and one.covers(org_id=party.id, place=place) for one in actor.grants):
                    words = f"{title} · {gettext(SIDE_TITLES[side])} · {party.name}"
                    found.append((f"{side.value}/{place}/{party.id}", words))
    return found


def _lines(values: dict[str, Any]) -> Any:
    """Return the authorizations that the disclosure will be about."""
    whose = "/".join(str(values.get(name)) for name in ("side", "place", "party_id"))
    if whose not in dict(_whose()) or not YEAR.fullmatch(str(values.get("year", ""))):
        return []
    return disclosed.authorizations(
        db.session(), Side(values["side"]), UUID(str(values["party_id"])), str(values["place"]), int(values["year"]),
        on=clock.today(), modes={},
    )  # fmt: skip


def _places(permission: Permission) -> list[tuple[str, str]]:
    book, actor = policy_book(), current_actor()
    chinese = str(get_locale() or "zh").startswith("zh")
    profiles = [book.place(key) for key in book.places() if actor.may(permission, place=key)]
    return [(profile.key, profile.title if chinese else profile.title_en) for profile in profiles]


def _evaluated(place: str) -> list[tuple[str, str]]:
    operators = parties.having(db.session(), Capacity.OPERATING_INSTITUTION, place)
    departments = {one.source_department.id: one.source_department for one in open_at(db.session(), place)}
    return [(str(one.id), one.name) for one in (*operators, *departments.values())]


def _agreements(place: str) -> list[tuple[str, str]]:
    query = sa.select(Agreement).where(Agreement.place == place, Agreement.activated_at.is_not(None))
    found = db.session().scalars(query.order_by(Agreement.number))
    return [(str(one.id), f"{one.number} {one.title}") for one in found]
