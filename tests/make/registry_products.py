"""Approved requests, products, passed reviews and coded registrations, made through the real commands.

Everything happens on :data:`NOW`, except the code, which is assigned after the public notice, at :data:`CODED_AT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar, business_date
from kernel.identity import Actor, Role
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.desk import commands as desk
from registry.parties.model import Party
from registry.parties.rules import Capacity, PartyKind
from registry.procedures.rules import CHECK_TITLES
from registry.product_reviews import commands as product_reviews
from registry.products import commands as products
from registry.products import queries as product_queries
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm, Input
from registry.registrations import commands as registrations
from registry.registrations.model import Registration
from registry.registrations.rules import Acceptance, RegistrationKind, RegistrationState
from registry.requests import commands as requests
from registry.requests import queries as request_queries
from registry.requests.model import DataRequest, RequestOpinion
from registry.requests.rules import Decision, RequestState
from registry.resources.model import Resource
from registry.resources.queries import several
from registry.reviews.model import Review
from registry.reviews.queries import open_stage, stages
from registry.reviews.rules import Decision as ReviewDecision
from registry.reviews.rules import ReviewState
from tests.make.basis import ready_for_request, trained_actor
from tests.make.registry_base import (
    NOW,
    PLACE,
    acting_for,
    actor,
    book,
    make_agreement,
    make_party,
    make_resource,
)
from tests.rig.worlds import remembered

CODED_AT = datetime(2026, 7, 16, 2, 0, tzinfo=UTC)  # the day after a notice of ten working days from NOW
SCENARIO = "普惠金融贷前核验"
FIELDS = [
    {"name": "score", "title": "信用评分", "type": "number", "personal": False},
    {"name": "level", "title": "等级", "type": "text", "personal": False},
]
SAMPLE = [{"score": "712", "level": "A"}]
ALL_CHECKED = dict.fromkeys(CHECK_TITLES, True)
ASSESSMENT = "数据安全风险评估报告：低风险，已去标识化。"
_serial = count(1)


@cache
def calendar() -> WorkingCalendar:
    """The working days of China as the library knows them."""
    return WorkingCalendar()


def make_merchant(session: Session, *, place: str = PLACE, name: str = "") -> Party:
    """Register a data merchant."""
    return make_party(session, Capacity.DATA_MERCHANT, place=place, name=name or f"数据商 {next(_serial)}")


def make_reviewers(session: Session, place: str) -> None:
    """Register the authorities besides the signing one without which requests there cannot be reviewed."""
    wanted = [Capacity.PROVINCIAL_DATA_AUTHORITY, *([Capacity.MUNICIPAL_DATA_AGENCY] if place == "guangzhou" else [])]
    for capacity in wanted:
        make_party(session, capacity, place=place, kind=PartyKind.ADMINISTRATIVE_UNIT)


def reviewer(place: str = PLACE, name: str = "") -> Actor:
    """A person who reviews and registers at a place."""
    return actor(Role.REVIEWER, place=place, name=name)


def seller(product: Product, *, role: Role = Role.MERCHANT) -> Actor:
    """A person of the product's seller."""
    return actor(role, org_id=product.owner_id, place=product.place)


def developer(session: Session, party: Party, agreement: Agreement, *, now: datetime = NOW) -> Actor:
    """A person who works with the data: of a merchant, or a trained one of the operating institution itself."""
    if party.id != agreement.operating_institution_id:
        return acting_for(party, Role.MERCHANT, place=agreement.place)
    return trained_actor(session, party, place=agreement.place, on=business_date(now))


def maker(session: Session, product: Product, *, now: datetime = NOW) -> Actor:
    """A person of the product's seller who may work with the data."""
    owner, agreement = session.get_one(Party, product.owner_id), session.get_one(Agreement, product.agreement_id)
    return developer(session, owner, agreement, now=now)


def on_seat(seat: RequestOpinion, place: str) -> Actor:
    """A person who may speak on a seat of a request."""
    role = Role.SOURCE if seat.capacity is Capacity.SOURCE_DEPARTMENT else Role.REVIEWER
    return actor(role, org_id=seat.party_id, place=place)


def make_request(
    session: Session,
    *,
    agreement: Agreement,
    applicant: Party,
    resources: Sequence[Resource] | None = None,
    scenario: str = SCENARIO,
    state: RequestState = RequestState.APPROVED,
    now: datetime = NOW,
) -> DataRequest:
    """Ask for resources and take the request as far as ``state`` (draft, submitted, under review or approved)."""
    place = agreement.place
    listed = resources or agreements.scope_of(session, agreement.id)
    person = developer(session, applicant, agreement, now=now)
    request = requests.create(
        session, person, applicant_id=applicant.id, agreement_id=agreement.id, scenario=scenario,
        necessity="核验企业登记信息，最小必要", resource_ids=[resource.id for resource in listed], now=now,
    )  # fmt: skip
    if state is RequestState.DRAFT:
        return request
    law = book(demonstration=True)
    session.flush()
    ready_for_request(session, request, on=business_date(now))
    requests.submit(session, person, request.id, book=law, calendar=calendar(), now=now)
    session.flush()
    if request.state is RequestState.SUBMITTED and state is not RequestState.SUBMITTED:
        checker = actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=place)
        requests.check(
            session,
            checker,
            request.id,
            decision=Decision.AGREE,
            reason="材料齐全",
            book=law,
            calendar=calendar(),
            now=now,
        )
    if state is RequestState.APPROVED:
        session.flush()
        for seat in request_queries.opinions(session, request.id):
            person = on_seat(seat, place)
            requests.give_opinion(
                session, person, request.id, decision=Decision.AGREE, reason="同意", book=law, calendar=calendar(),
                now=now,
            )  # fmt: skip
    session.flush()
    return request


def product_values(**changed: Any) -> dict[str, Any]:
    """The keywords of a product, as the command takes them, without seller, agreement and inputs."""
    values: dict[str, Any] = {
        "title": f"企业信用核验 {next(_serial)}", "scenario": SCENARIO, "domain": "金融",
        "delivery_form": DeliveryForm.API, "source_statement": "源自授权运营协议范围内的公共数据",
        "description": "按统一社会信用代码返回核验结果", "fields": FIELDS, "sample": SAMPLE,
    }  # fmt: skip
    return values | changed


def inputs_of(resources: Sequence[Resource]) -> list[Input]:
    """One input per resource, equal in weight."""
    return [Input(resource.id, Decimal(1), Decimal("0.9")) for resource in resources]


@remembered
def make_product(
    session: Session,
    *,
    place: str = PLACE,
    agreement: Agreement | None = None,
    owner: Party | None = None,
    resources: Sequence[Resource] | None = None,
    is_approved: bool = True,
    now: datetime = NOW,
    **changed: Any,
) -> Product:
    """Enter a product of a merchant, made from all resources of an agreement, with an approved request."""
    if agreement is None:
        make_reviewers(session, place)
        agreement = make_agreement(session, place=place, scope=[make_resource(session, place=place) for _ in range(2)])
    owner = owner or make_merchant(session, place=agreement.place)
    listed = resources or agreements.scope_of(session, agreement.id)
    values = product_values(**changed)
    if is_approved:
        make_request(
            session, agreement=agreement, applicant=owner, resources=listed, scenario=values["scenario"], now=now
        )
    return products.create(
        session, developer(session, owner, agreement, now=now), owner_id=owner.id, agreement_id=agreement.id,
        inputs=inputs_of(listed), book=book(demonstration=True), now=now, **values,
    )  # fmt: skip


def add_version(session: Session, product: Product, *, now: datetime = NOW, **changed: Any) -> ProductVersion:
    """Enter another version with the inputs of the one before."""
    newest = product_queries.latest_version(session, product.id)
    used = several(session, [one.resource_id for one in newest.inputs])
    values = {"description": f"改进 {next(_serial)}", "fields": FIELDS, "sample": SAMPLE, "inputs": inputs_of(used)}
    law = book(demonstration=True)
    person = maker(session, product, now=now)
    return products.add_version(session, person, product.id, book=law, now=now, **(values | changed))


def make_review(
    session: Session, product: Product, *, state: ReviewState = ReviewState.PASSED, now: datetime = NOW
) -> Review:
    """Submit the newest version of a product and take the review as far as ``state``."""
    law = book(demonstration=True)
    newest = product_queries.latest_version(session, product.id)
    review = product_reviews.submit(session, seller(product), newest.id, book=law, calendar=calendar(), now=now)
    decisions = {ReviewState.REFUSED: ReviewDecision.REFUSE, ReviewState.RETURNED: ReviewDecision.RETURN_ONCE}
    while state is not ReviewState.SUBMITTED and (stage := open_stage(stages(session, review))) is not None:
        role = Role.SOURCE if stage.capacity is Capacity.SOURCE_DEPARTMENT else Role.REVIEWER
        desk.decide(
            session, actor(role, org_id=stage.party_id, place=product.place), review.id,
            decision=decisions.get(state, ReviewDecision.AGREE), reason="审核意见", checklist=list(CHECK_TITLES),
            defects=["样例数据过少"], book=law, calendar=calendar(), now=now,
        )  # fmt: skip
    session.flush()
    return review


def make_registration(
    session: Session,
    product: Product,
    *,
    kind: RegistrationKind = RegistrationKind.FIRST,
    state: RegistrationState = RegistrationState.CODED,
    now: datetime = NOW,
    coded_at: datetime = CODED_AT,
    **changed: Any,
) -> Registration:
    """Apply for a registration and take it as far as ``state`` (submitted, accepted, public notice or coded)."""
    law, first, second = book(demonstration=True), reviewer(product.place), reviewer(product.place)
    common = {"book": law, "calendar": calendar()}
    registration = registrations.apply(
        session, seller(product), product_id=product.id, kind=kind, assessment=ASSESSMENT, now=now, **common, **changed
    )
    wanted = ["submitted", "accepted", "public_notice", "coded"].index(state)
    if wanted >= 1:
        registrations.receive(
            session, first, registration.id, decision=Acceptance.ACCEPT, reason="", defects=[], now=now, **common
        )
    if wanted >= 2:
        registrations.complete_review(session, first, registration.id, passes=True, reason="", now=now, **common)
    if wanted >= 3:
        registrations.assign_code(session, second, registration.id, book=law, now=coded_at)
    session.flush()
    return registration


@remembered
def make_sellable(session: Session, **made: Any) -> Product:
    """Make a product whose gates are all open from :data:`CODED_AT` on; the keywords are those of `make_product`."""
    from tests.make.gates import open_gates  # it opens them with what is made here

    product = make_product(session, **made)
    make_review(session, product)
    make_registration(session, product)
    open_gates(session, product)
    return product
