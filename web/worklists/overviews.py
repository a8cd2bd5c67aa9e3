"""What a person keeps an eye on beside the tasks: products with their gates, resources with scores, people, days."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload, selectinload

from kernel.identity import SELLERS, Role
from market.entitlements.model import Entitlement
from registry.gates.queries import TOLD, conditions
from registry.parties.model import Party
from registry.products.model import Product, ProductInput, ProductVersion
from registry.quality import queries as quality
from registry.registrations.model import Registration
from registry.registrations.rules import RUNNING
from registry.resources.model import Resource
from registry.reviews import queries as reviews
from registry.reviews.model import Review
from registry.reviews.rules import OPEN_STATES, ReviewState
from registry.training import queries as training
from registry.workspace.queries import Progress, progress
from settlement.metering.model import UsageTotal
from web.spoken import spoken
from web.worklists.tasks import SHOWN_MAX, Asking


@dataclass(frozen=True, slots=True)
class ProductLine:
    """One own product: how many gates are open, and what opens the first one that is shut."""

    product: Product
    gates_open: int
    gates: int
    next_gate: str
    next_step: str


def own_products(asking: Asking) -> list[ProductLine]:
    """Return the products of the own organisations with the gates that are open, in one query for all of them."""
    asked = conditions(asking.today, asking.book)
    columns = [condition.label(code) for code, condition in asked.items()]
    query = (
        sa.select(Product, *columns)
        .where(Product.owner_id.in_(asking.own(*SELLERS)))
        .order_by(Product.id.desc())
        .limit(SHOWN_MAX)
    )
    rows = asking.session.execute(query).all()
    ids = [product.id for product, *_answers in rows]
    far = progress(asking.session, ids, on=asking.today, book=asking.book) if ids else {}
    lines = []
    for product, *answers in rows:
        shut = [code for code, is_open in zip(asked, answers, strict=True) if not is_open]
        title, _rule, _name, todo = TOLD[shut[0]] if shut else ("", "", "", "")
        step = _present_step(shut[0], far[product.id]) or spoken(todo) if shut else ""
        lines.append(ProductLine(product, len(asked) - len(shut), len(asked), title, step))
    return lines


def _present_step(code: str, far: Progress) -> str:
    """Return the step where it is not the seller's to begin: somebody decides already, or returned it."""
    if code == "review_passed" and far.review is not None:
        if far.review.state in OPEN_STATES:
            return gettext("等待审查结论")
        if far.review.state is ReviewState.RETURNED:
            return gettext("按退回意见补正后重新提交")
    if code == "registration_effective" and far.registration is not None and far.registration.state in RUNNING:
        return gettext("等待登记机构办理")
    return ""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One own application that others are deciding, and where it lies."""

    number: str
    title: str
    url: str
    where: str
    due: object


def under_way(asking: Asking) -> list[UnderWay]:
    """Return what the own organisations handed in and others decide at present."""
    own = asking.own(*SELLERS)
    query = (
        sa.select(Review)
        .where(Review.applicant_id.in_(own), Review.state.in_(OPEN_STATES))
        .options(selectinload(Review.stages))
        .order_by(Review.worklist_date, Review.id)
        .limit(SHOWN_MAX)
    )
    found = []
    for one in asking.session.scalars(query):
        present = [stage for stage in one.stages if stage.round_number == one.round_number]
        where = "、".join(dict.fromkeys(gettext(seat.title) for seat in reviews.open_stages(present)))
        url = url_for("review_pages.show", review_id=one.id)
        found.append(UnderWay(one.number, one.subject_title, url, where, one.due_date))
    applied = sa.select(Registration).where(Registration.registrant_id.in_(own), Registration.state.in_(RUNNING))
    applied = applied.options(joinedload(Registration.product)).order_by(Registration.id).limit(SHOWN_MAX)
    for registration in asking.session.scalars(applied):
        url = url_for("registration_pages.show", registration_id=registration.id)
        where = gettext("登记机构")
        found.append(UnderWay(registration.number, registration.product.title, url, where, registration.due_date()))
    return found


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """One resource of the own department with its score."""

    resource: Resource
    score: Decimal | None
    words: str


def own_resources(asking: Asking) -> list[ResourceLine]:
    """Return the resources of the own departments with their quality scores of today."""
    query = sa.select(Resource).where(Resource.source_department_id.in_(asking.own(Role.SOURCE)))
    found = asking.session.scalars(query.order_by(Resource.code).limit(SHOWN_MAX)).all()
    scores = quality.scores(asking.session, found, asking.today, asking.book) if found else {}
    return [ResourceLine(one, scores[one.id].value, scores[one.id].words) for one in found]


@dataclass(frozen=True, slots=True)
class UseLine:
    """One product made from the own data, and how often it was used."""

    product: Product
    owner: str
    used: int


def made_from_own_data(asking: Asking) -> list[UseLine]:
    """Return the products made from resources of the own departments, the most used first."""
    made = (
        sa.select(ProductVersion.product_id)
        .join(ProductInput, ProductInput.version_id == ProductVersion.id)
        .join(Resource, Resource.id == ProductInput.resource_id)
        .where(Resource.source_department_id.in_(asking.own(Role.SOURCE)))
    )
    used = (
        sa.select(Entitlement.product_id, sa.func.sum(UsageTotal.used).label("used"))
        .join(UsageTotal, UsageTotal.entitlement_id == Entitlement.id)
        .group_by(Entitlement.product_id)
        .subquery()
    )
    count = sa.func.coalesce(used.c.used, 0)
    query = (
        sa.select(Product, Party.name, count)
        .join(Party, Party.id == Product.owner_id)
        .join(used, used.c.product_id == Product.id, isouter=True)
        .where(Product.id.in_(made))
        .order_by(count.desc(), Product.code)
        .limit(SHOWN_MAX)
    )
    return [UseLine(product, owner, int(times)) for product, owner, times in asking.session.execute(query)]


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """The people of one own institution at one place, and how many of them are trained."""

    party: str
    place: str
    passed: int
    people: int
    is_met: bool
    words: str


def own_training(asking: Asking) -> list[TrainingLine]:
    """Return how many people of the own institutions passed the training, place by place (TRN-01)."""
    found: list[tuple[UUID, str]] = []
    for grant in asking.acting(Role.OPERATOR).grants:
        if grant.org_id is not None:
            places = [grant.place] if grant.place is not None else asking.book.places()
            found += [(grant.org_id, place) for place in places]
    lines = []
    for party_id, place in dict.fromkeys(found):
        told = training.organisation(asking.session, party_id, place, on=asking.today, book=asking.book)
        if not told.requirement.is_required:
            continue
        name = asking.session.get_one(Party, party_id).name
        lines.append(TrainingLine(name, place, told.passed, len(told.people), told.is_met, told.words()))
    return lines
