"""One working day on which everybody at Xinchang (and the experts of Pu'er) has something to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.identity import Actor, Role
from registry.accounts.model import Account
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.applications.rules import ApplicationState
from registry.calls import commands as calls
from registry.calls.model import Call
from registry.calls.rules import SelectionMethod
from registry.drafts import commands as drafts
from registry.drafts.model import ProductDraft
from registry.drafts.rules import Step
from registry.exits import commands as exits
from registry.incidents import commands as incidents
from registry.incidents.rules import Risk
from registry.objections import commands as objections
from registry.objections.rules import IdentityKind
from registry.onboarding import commands as onboarding
from registry.onboarding.commands import Sent, Stated
from registry.onboarding.rules import DocumentKind
from registry.parties.model import Party
from registry.parties.rules import Capacity, PartyKind
from registry.persons import commands as persons
from registry.plans.rules import PlanState
from registry.products.model import Product
from registry.quality.rules import TicketEvent
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from registry.requests.model import DataRequest
from registry.requests.rules import RequestState
from registry.resources.model import Resource
from registry.reviews.rules import ReviewState
from tests.make import authorization, authorizations
from tests.make import registry_base as make
from tests.make import registry_products as products
from tests.make.data import make_check, make_ticket

DAY = datetime(2026, 7, 16, 2, 0, tzinfo=UTC)  # Thursday, ten in the morning in Beijing
DURING_NOTICE = datetime(2026, 7, 14, 2, 0, tzinfo=UTC)
EARLIER = datetime(2026, 7, 13, 2, 0, tzinfo=UTC)
RESIDENT = "11010519491231002X"  # the example of GB 11643
LOGINS = {
    "authority": (Role.SUPERVISOR,), "second": (Role.SUPERVISOR,), "reviewer": (Role.REVIEWER,),
    "administrator": (Role.SECURITY_ADMINISTRATOR,), "auditor": (Role.AUDITOR,), "checker": (Role.FINANCE_CHECKER,),
}  # fmt: skip


@dataclass
class OfficeDay:
    """What the day is made of, for tests to walk through."""

    department: Party
    operator: Party
    merchant: Party
    buyer: Party
    agreement: Agreement
    resources: list[Resource]
    sold: Product
    noticed: Registration
    submitted: DataRequest
    draft: ProductDraft
    call: Call
    over: Call  # the call that is over: its selection waits for the second person
    accounts: dict[str, Account] = field(default_factory=dict)


def make_office_day(session: Session, *, passwords: bool = True) -> OfficeDay:
    """Make the day; people sign in with their key as login and the password of all tests."""
    department = make.make_department(session)
    resources = [make.make_resource(session, department, title=title) for title in ("企业登记信息", "纳税信用等级")]
    products.make_reviewers(session, make.PLACE)
    authority, operator = make.make_authority(session), make.make_operator(session)
    agreement = make.make_agreement(session, authority=authority, operator=operator, scope=resources)
    merchant = products.make_merchant(session, name="新昌数惠科技有限公司")
    sold = products.make_sellable(session, agreement=agreement, owner=merchant, title="企业信用核验")
    noticed = _on_notice(session, agreement, merchant)
    submitted = _in_review(session, agreement, merchant)
    _problems(session, department, resources, merchant)
    _breaches(session, authority, operator)
    call, over = _selection(session)
    day = OfficeDay(
        department, operator, merchant, make.make_party(session, Capacity.BUYER), agreement, resources, sold,
        noticed, submitted, _draft(session, agreement, merchant), call, over,
    )  # fmt: skip
    if passwords:
        day.accounts = _people(session, day)
    _newcomers(session, day)
    session.flush()
    return day


def person(day: OfficeDay, key: str) -> Actor:
    """The person behind a login, for commands."""
    party = {"source": day.department, "operator": day.operator, "merchant": day.merchant}[key]
    return make.acting_for(party, Role(key))


def _on_notice(session: Session, agreement: Agreement, merchant: Party) -> Registration:
    made = products.make_product(
        session, agreement=agreement, owner=merchant, title="纳税信用画像", scenario="信用评价", now=EARLIER
    )
    products.make_review(session, made, now=EARLIER)
    noticed = products.make_registration(session, made, state=RegistrationState.PUBLIC_NOTICE, now=EARLIER)
    objections.file_objection(
        session, make.actor(Role.BUYER), noticed.id, name="王某某", contact="0575-0000000", evidence="数据来源有争议",
        identity_kind=IdentityKind.RESIDENT_ID, identity_number=RESIDENT, now=DURING_NOTICE,
    )  # fmt: skip
    other = products.make_product(
        session, agreement=agreement, owner=merchant, title="小微企业活跃度", scenario="招商分析", now=EARLIER
    )
    products.make_review(session, other, now=EARLIER)
    products.make_registration(session, other, state=RegistrationState.SUBMITTED, now=EARLIER)
    return noticed


def _in_review(session: Session, agreement: Agreement, merchant: Party) -> DataRequest:
    common = {"agreement": agreement, "applicant": merchant, "now": EARLIER}
    for scenario, state in (("供应链金融", RequestState.DRAFT), ("园区招商", RequestState.UNDER_REVIEW)):
        products.make_request(session, scenario=scenario, state=state, **common)
    submitted = products.make_request(session, scenario="绿色信贷", state=RequestState.SUBMITTED, **common)
    for title, state in (("经营异常预警", ReviewState.SUBMITTED), ("股权穿透核验", ReviewState.RETURNED)):
        made = products.make_product(
            session, agreement=agreement, owner=merchant, title=title, scenario=title, now=EARLIER
        )
        products.make_review(session, made, state=state, now=EARLIER)
    leaving = products.make_product(
        session, agreement=agreement, owner=merchant, title="信用报告", scenario="融资担保", now=EARLIER
    )
    products.make_review(session, leaving, now=EARLIER)
    make_check(session, leaving, state=None, now=EARLIER)  # type: ignore[arg-type]
    return submitted


def _problems(session: Session, department: Party, resources: list[Resource], merchant: Party) -> None:
    make_ticket(session, resources[0], merchant, now=EARLIER)
    make_ticket(session, resources[1], merchant, TicketEvent.ACCEPT, TicketEvent.CORRECT, now=EARLIER)


def _breaches(session: Session, authority: Party, operator: Party) -> None:
    scope = [make.make_resource(session, title="不动产登记信息")]
    common = {"authority": authority, "scope": scope}
    make.make_agreement(session, state=AgreementState.SIGNED, **common)
    suspended = make.make_agreement(session, operator=operator, **common)
    make.take_step(session, make.supervisor(), suspended.id, AgreementState.SUSPENDED, now=make.NOW)
    ended = make.make_agreement(session, operator=operator, **common)
    authorizations.terminate(session, ended, date(2026, 7, 10))
    exits.open_exit(session, make.supervisor(), ended.id, now=EARLIER, book=make.book())
    running = make.make_agreement(session, operator=operator, **common)
    incidents.detect(
        session, authorizations.operator_of(running), agreement_id=running.id, title="关联后可识别个人",
        description="两份结果关联后可能识别个人", risks=[Risk.PERSONAL_INFORMATION], now=EARLIER, book=make.book(),
    )  # fmt: skip
    partner = products.make_merchant(session, name="惠企数据有限公司")
    authorizations.make_service_agreement(session, agreement=running, partner=partner, signed=False, now=EARLIER)


def _selection(session: Session) -> tuple[Call, Call]:
    """At Pu'er: a plan and an application under review, and a choice that waits for the second person."""
    authorization.carry_plan(session, authorization.draft_plan(session), PlanState.UNDER_REVIEW)
    plan = authorization.make_plan(session)
    running = authorization.make_call(session, plan=plan)
    authorization.make_application(session, running, state=ApplicationState.UNDER_REVIEW)
    who = make.supervisor("puer")
    over = calls.draft(
        session, who, plan_id=plan.plan_id, method=SelectionMethod.OPEN_TENDER, title="气象数据运营机构遴选公告",
        texts=authorization.TEXTS, opens_on=date(2026, 7, 1), closes_on=date(2026, 7, 10), invited_ids=[],
        now=make.NOW, book=make.book(),
    )  # fmt: skip
    calls.publish(session, who, over.id, now=make.NOW, book=make.book())
    application = authorization.make_application(session, over)
    calls.close(session, who, over.id, now=EARLIER)
    authorization.propose(session, who, application, now=EARLIER)
    return running, over


def _draft(session: Session, agreement: Agreement, merchant: Party) -> ProductDraft:
    request = products.make_request(
        session, agreement=agreement, applicant=merchant, scenario="乡村振兴贷款", now=EARLIER
    )
    who = make.acting_for(merchant, Role.MERCHANT)
    draft = drafts.start(session, who, owner_id=merchant.id, now=EARLIER)
    session.flush()
    drafts.save(session, who, draft.id, step=Step.BASIS, content={"request_id": str(request.id)}, now=EARLIER)
    return draft


def _people(session: Session, day: OfficeDay) -> dict[str, Account]:
    names = {"authority": "周主管", "second": "吴主管", "reviewer": "郑审核", "administrator": "冯安全",
             "auditor": "陈审计", "checker": "褚复核"}  # fmt: skip
    made = {
        key: make.make_account(session, *roles, login=key, name=names[key], now=make.NOW)
        for key, roles in LOGINS.items()
    }
    parties = {"source": (day.department, "卫数源"), "operator": (day.operator, "蒋运营"),
               "merchant": (day.merchant, "沈数商")}  # fmt: skip
    for key, (party, name) in parties.items():
        made[key] = make.make_account(session, Role(key), party=party, login=key, name=name, now=make.NOW)
    made["second-administrator"] = make.make_account(
        session, Role.SECURITY_ADMINISTRATOR, login="second-administrator", name="韩安全", now=make.NOW
    )
    return made


def _newcomers(session: Session, day: OfficeDay) -> None:
    onboarding.apply(
        session, make.actor(Role.BUYER), uscc=make.uscc(), place=make.PLACE, password=make.PASSWORD, number=None,
        key=b"a key for tests", book=make.book(demonstration=True), calendar=products.calendar(), now=EARLIER,
        stated=Stated(
            name="新昌智汇数据有限公司", kind=PartyKind.ENTERPRISE, capacities=[Capacity.DATA_MERCHANT],
            contact="0575-1", person_name="杨经办", login="yangjingban",
            documents=[Sent(DocumentKind.CERTIFICATE, "营业执照.pdf", b"%PDF-1.7 licence")],
        ),
    )  # fmt: skip
    if day.accounts:
        persons.ask_grant(
            session, _administrator(day.accounts["second-administrator"].id), day.accounts["auditor"].id,
            role=Role.REVIEWER, reason="轮岗", place="xinchang", now=DURING_NOTICE,
        )  # fmt: skip


def _administrator(account_id: UUID) -> Actor:
    holder = make.security_administrator()
    return Actor(account_id, "韩安全", grants=holder.grants)
