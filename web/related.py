"""What belongs together across concepts: from each record to those before and after it, as far as the reader may go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from kernel import db
from kernel.http import current_actor
from kernel.identity import Actor, Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement, AgreementResource
from registry.applications import queries as applications
from registry.applications.model import Application
from registry.calls import queries as calls
from registry.calls.model import Call
from registry.desk import queries as desk
from registry.egress import queries as egress
from registry.egress.model import EgressCheck
from registry.exits import queries as exits
from registry.exits.model import ExitFile
from registry.onboarding.model import Onboarding
from registry.plans import queries as plans
from registry.plans.model import Plan, PlanVersion
from registry.procedures.rules import Procedure
from registry.products import queries as products
from registry.products.model import Product, ProductInput, ProductVersion
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.requests import queries as requests
from registry.requests.model import DataRequest
from registry.resources import queries as resources
from registry.resources.model import Resource
from registry.reviews.model import Review
from registry.selections.model import Selection
from registry.selections.rules import SelectionState

SHOWN_MAX = 8  # of one kind beside a record


@dataclass(frozen=True, slots=True)
class Link:
    """One record that belongs to the one on the page."""

    kind: str
    text: str
    url: str
    state: Any = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and where from."""

    session: Session
    actor: Actor

    def found(self, permission: Permission, query: sa.Select[Any]) -> list[Any]:
        """Return the first records of a query within the reader's scope; none where the page would be refused."""
        if not self.actor.may(permission):
            return []
        return list(self.session.scalars(query.limit(SHOWN_MAX)).unique())


def plan(reader: Reader, query: sa.Select[Plan]) -> Iterator[Link]:
    """Return the plans of a query."""
    for one in reader.found(Permission.PLAN_READ, query):
        yield Link(gettext("实施方案"), f"{one.number} {one.title}", url_for("plan_pages.show", plan_id=one.id))


def call(reader: Reader, query: sa.Select[Call]) -> Iterator[Link]:
    """Return the calls of a query with their results; calls are public."""
    for one in reader.session.scalars(query.order_by(Call.number).limit(SHOWN_MAX)).unique():
        url = url_for("call_pages.show", call_id=one.id)
        yield Link(gettext("遴选公告"), f"{one.number} {one.title}", url, one.state)
        published = sa.select(Selection).where(Selection.call_id == one.id, Selection.state == SelectionState.PUBLISHED)
        for chosen in reader.session.scalars(published):
            url = url_for("selection_pages.result", call_id=one.id)
            yield Link(gettext("选定结果"), chosen.number, url, chosen.state)


def agreement(reader: Reader, query: sa.Select[Agreement]) -> Iterator[Link]:
    """Return the agreements of a query."""
    for one in reader.found(Permission.AGREEMENT_READ, query.order_by(Agreement.number)):
        url = url_for("agreement_pages.show", agreement_id=one.id)
        yield Link(gettext("授权运营协议"), f"{one.number} {one.title}", url, one.state)


def exit_of(reader: Reader, query: sa.Select[ExitFile]) -> Iterator[Link]:
    """Return the exits of a query."""
    for one in reader.found(Permission.AGREEMENT_READ, query):
        yield Link(gettext("授权退出"), one.number, url_for("exit_pages.show", exit_id=one.id), one.state)


def request(reader: Reader, query: sa.Select[DataRequest]) -> Iterator[Link]:
    """Return the data-use requests of a query."""
    for one in reader.found(Permission.REQUEST_READ, query.order_by(DataRequest.number)):
        url = url_for("data_request_pages.show", request_id=one.id)
        yield Link(gettext("数据使用申请"), f"{one.number} {one.scenario}", url, one.state)


def product(reader: Reader, query: sa.Select[Product]) -> Iterator[Link]:
    """Return the products of a query."""
    for one in reader.found(Permission.PRODUCT_READ, query.order_by(Product.code)):
        yield Link(gettext("产品"), f"{one.code} {one.title}", url_for("workspace_pages.workspace", code=one.code))


def check(reader: Reader, query: sa.Select[EgressCheck]) -> Iterator[Link]:
    """Return the egress checks of a query."""
    for one in reader.found(Permission.PRODUCT_READ, query.order_by(EgressCheck.number)):
        url = url_for("egress_pages.show", check_id=one.id)
        yield Link(gettext("出域合规核查"), one.number, url, one.state)


def registration(reader: Reader, query: sa.Select[Registration]) -> Iterator[Link]:
    """Return the registrations of a query, and the public certificates of those with a code."""
    for one in reader.found(Permission.REGISTRATION_READ, query.order_by(Registration.number)):
        url = url_for("registration_pages.show", registration_id=one.id)
        yield Link(gettext("登记"), one.number, url, one.state)
        yield from certificate(one)


def certificate(one: Registration) -> Iterator[Link]:
    """Return the public certificate of a registration that has a code."""
    if one.code is not None:
        yield Link(gettext("登记证书"), one.code, url_for("public_register_pages.certificate", code=one.code))


def review(reader: Reader, procedure: Procedure, subject_ids: Any) -> Iterator[Link]:
    """Return the reviews of subjects."""
    query = desk.listed(reader.actor, procedure=procedure).where(Review.subject_id.in_(subject_ids))
    for one in reader.found(Permission.REVIEW_READ, query.order_by(Review.number)):
        yield Link(gettext("审查"), one.number, url_for("review_pages.show", review_id=one.id), one.state)


def of_plan(reader: Reader, plan_id: UUID) -> Iterator[Link]:
    """From a plan to its calls and to the agreements that carry it out."""
    versions = sa.select(PlanVersion.id).where(PlanVersion.plan_id == plan_id)
    yield from review(reader, Procedure.PLAN, versions)
    yield from call(reader, calls.listed(reader.actor).where(Call.plan_id == plan_id))
    yield from agreement(reader, agreements.listed(reader.actor).where(Agreement.plan_id == plan_id))


def of_call(reader: Reader, call_id: UUID) -> Iterator[Link]:
    """From a call back to its plan and on to the agreement that was signed with whoever was selected."""
    found = reader.session.get_one(Call, call_id)
    yield from plan(reader, plans.listed(reader.actor).where(Plan.id == found.plan_id))
    selected = sa.select(Selection.id).where(Selection.call_id == call_id)
    yield from agreement(reader, agreements.listed(reader.actor).where(Agreement.selection_id.in_(selected)))


def of_application(reader: Reader, application_id: UUID) -> Iterator[Link]:
    """From an application back to its call and result."""
    found = reader.session.get_one(Application, application_id)
    yield from call(reader, calls.listed(reader.actor).where(Call.id == found.call_id))


def of_agreement(reader: Reader, agreement_id: UUID) -> Iterator[Link]:
    """From an agreement back to plan, call and selection, and on to its exit and products."""
    found = reader.session.get_one(Agreement, agreement_id)
    yield from plan(reader, plans.listed(reader.actor).where(Plan.id == found.plan_id))
    chosen = sa.select(Selection.call_id).where(Selection.id == found.selection_id)
    yield from call(reader, calls.listed(reader.actor).where(Call.id.in_(chosen)))
    yield from exit_of(reader, exits.listed(reader.actor).where(ExitFile.agreement_id == agreement_id))
    yield from product(reader, products.listed(reader.actor).where(Product.agreement_id == agreement_id))


def of_request(reader: Reader, request_id: UUID) -> Iterator[Link]:
    """From a request back to its agreement and on to the products of its scenario."""
    found = reader.session.get_one(DataRequest, request_id)
    yield from agreement(reader, agreements.listed(reader.actor).where(Agreement.id == found.agreement_id))
    made = products.listed(reader.actor).where(
        Product.owner_id == found.applicant_id, Product.agreement_id == found.agreement_id,
        Product.scenario == found.scenario,
    )  # fmt: skip
    yield from product(reader, made)


def of_product(reader: Reader, product_id: UUID) -> Iterator[Link]:
    """From a product back to agreement and request, and on to egress and certificate."""
    found = reader.session.get_one(Product, product_id)
    yield from agreement(reader, agreements.listed(reader.actor).where(Agreement.id == found.agreement_id))
    asked = requests.listed(reader.actor).where(
        DataRequest.applicant_id == found.owner_id, DataRequest.agreement_id == found.agreement_id,
        DataRequest.scenario == found.scenario,
    )  # fmt: skip
    yield from request(reader, asked)
    yield from check(reader, egress.listed(reader.actor).where(EgressCheck.product_id == product_id))
    for one in registrations.of_product(reader.session, product_id):
        yield from certificate(one)


def of_review(reader: Reader, review_id: UUID) -> Iterator[Link]:
    """From a review to what is reviewed."""
    found = reader.session.get_one(Review, review_id)
    subject, actor = found.subject_id, reader.actor
    if found.procedure is Procedure.PLAN:
        version = sa.select(PlanVersion.plan_id).where(PlanVersion.id == subject)
        yield from plan(reader, plans.listed(actor).where(Plan.id.in_(version)))
    elif found.procedure is Procedure.APPLICATION:
        for one in reader.found(
            Permission.APPLICATION_READ, applications.listed(actor).where(Application.id == subject)
        ):
            url = url_for("application_pages.show", application_id=one.id)
            yield Link(gettext("运营机构申请"), one.number, url, one.state)
    elif found.procedure is Procedure.OPERATOR and actor.may(Permission.APPLICATION_READ):
        url = url_for("operator_review_pages.show", operator_review_id=subject)
        yield Link(gettext("运营机构安全审核"), found.subject_title, url)
    elif found.procedure is Procedure.EGRESS:
        yield from check(reader, egress.listed(actor).where(EgressCheck.id == subject))
    elif found.procedure is Procedure.DATA_REQUEST:
        yield from request(reader, requests.listed(actor).where(DataRequest.id == subject))
    elif found.procedure is Procedure.ONBOARDING and actor.may(Permission.ONBOARDING_DECIDE):
        asked = reader.session.get_one(Onboarding, subject)
        url = url_for("onboarding_pages.inspect", number=asked.number)
        yield Link(gettext("入驻申请和证件"), asked.number, url, asked.state)


def of_check(reader: Reader, check_id: UUID) -> Iterator[Link]:
    """From an egress check back to its product and its review, on to the registration."""
    found = reader.session.get_one(EgressCheck, check_id)
    yield from product(reader, products.listed(reader.actor).where(Product.id == found.product_id))
    yield from review(reader, Procedure.EGRESS, [check_id])
    yield from registration(reader, registrations.listed(reader.actor).where(Product.id == found.product_id))


def of_registration(reader: Reader, registration_id: UUID) -> Iterator[Link]:
    """From a registration back to product, review and egress, on to the certificate."""
    found = reader.session.get_one(Registration, registration_id)
    yield from product(reader, products.listed(reader.actor).where(Product.id == found.product_id))
    yield from review(reader, Procedure.PRODUCT, [found.version_id])
    yield from check(reader, egress.listed(reader.actor).where(EgressCheck.version_id == found.version_id))
    yield from certificate(found)


def of_resource(reader: Reader, resource_id: UUID) -> Iterator[Link]:
    """From a resource to the agreements that cover it and the products made from it."""
    covering = sa.select(AgreementResource.agreement_id).where(AgreementResource.resource_id == resource_id)
    yield from agreement(reader, agreements.listed(reader.actor).where(Agreement.id.in_(covering)))
    made = (
        sa.select(ProductVersion.product_id)
        .join(ProductInput, ProductInput.version_id == ProductVersion.id)
        .where(ProductInput.resource_id == resource_id)
    )
    yield from product(reader, products.listed(reader.actor).where(Product.id.in_(made)))


def at_agreement(reader: Reader, agreement_id: UUID) -> Iterator[Link]:
    """From what happens under an agreement to the agreement itself."""
    yield from agreement(reader, agreements.listed(reader.actor).where(Agreement.id == agreement_id))


def at_resource(reader: Reader, resource_id: UUID) -> Iterator[Link]:
    """From what is said about a resource to the resource and its score."""
    query = resources.listed(reader.actor).where(Resource.id == resource_id)
    for one in reader.found(Permission.RESOURCE_READ, query):
        url = url_for("resource_pages.show", resource_id=one.id)
        yield Link(gettext("公共数据资源"), f"{one.code} {one.title}", url)
        yield Link(gettext("质量评分"), one.code, url_for("quality_pages.of_resource", resource_id=one.id))


RELATED: dict[str, Callable[[Reader, UUID], Iterator[Link]]] = {
    "plan": of_plan,
    "call": of_call,
    "application": of_application,
    "agreement": of_agreement,
    "request": of_request,
    "product": of_product,
    "review": of_review,
    "egress": of_check,
    "registration": of_registration,
    "resource": of_resource,
    "at_agreement": at_agreement,
    "at_resource": at_resource,
}


def related(kind: str, subject_id: UUID) -> dict[str, list[Link]]:
    """Return what belongs to a record of that kind and the reader may open, once each, by its kind."""
    found: dict[str, list[Link]] = {}
    for link in dict.fromkeys(RELATED[kind](Reader(db.session(), current_actor()), subject_id)):
        found.setdefault(link.kind, []).append(link)
    return found
