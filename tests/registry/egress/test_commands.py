"""Egress checks on a real database: who checks, what may leave, and that every delivery is recorded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.desk import commands as desk
from registry.egress import checks, commands, queries
from registry.egress.model import EgressCheck, Export
from registry.egress.rules import TRANSITIONS, EgressEvent, EgressState, WrongEgressState
from registry.parties.model import Party
from registry.procedures.rules import Procedure
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm
from registry.resources import commands as resources
from registry.reviews import queries as reviews
from registry.reviews.rules import Decision, FindingsOpen, WrongState
from tests.make import registry_base as make
from tests.make.data import decide, export, make_check
from tests.make.registry_products import add_version, calendar, developer, make_product, seller

TODAY = date(2026, 7, 1)
LAW = make.book(demonstration=True)
MARKED = [
    {"name": "score", "title": "评分", "type": "number", "key": True},
    {"name": "x", "title": "其他", "type": "text"},
]


def guangzhou(session: Session, **changed: Any) -> Product:
    return make_product(session, place="guangzhou", **changed)


@pytest.mark.both_databases
def test_a_version_is_checked_by_the_operating_institution_and_then_leaves_with_a_record(session: Session) -> None:
    made = guangzhou(session)
    newest = products.latest_version(session, made.id)
    gate = {"place": made.place, "on": TODAY, "book": LAW}
    assert queries.egress_gate_fact(session, newest.id, **gate)[0] is False
    check = make_check(session, made, state=EgressState.REQUESTED)
    [seat] = reviews.stages(session, reviews.of_subject(session, Procedure.EGRESS, check.id))
    assert (seat.kind, seat.party_id, seat.due_date) == ("egress_check", operator_of(session, made).id, None)
    assert check.number in queries.egress_gate_fact(session, newest.id, **gate)[1]
    decide(session, check, Decision.AGREE)
    assert check.state is EgressState.PASSED
    assert queries.egress_gate_fact(session, newest.id, **gate) == (True, f"出域合规核查 {check.number} 已通过", TODAY)
    left = export(session, check)
    assert (check.state, left.content_sha256) == (EgressState.EXPORTED, newest.content_sha256)
    session.flush()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.update(Export).values(units=1))
    session.rollback()


def operator_of(session: Session, made: Product) -> Party:
    agreement = session.get_one(Agreement, made.agreement_id)
    return session.get_one(Party, agreement.operating_institution_id)


@pytest.mark.both_databases
def test_the_gate_says_the_same_for_one_version_and_for_all(session: Session) -> None:
    passed, failed, none = guangzhou(session), guangzhou(session), guangzhou(session)
    make_check(session, passed)
    make_check(session, failed, state=EgressState.FAILED)
    clause = queries.egress_clause(ProductVersion.__table__.c.id, TODAY)
    open_ids = set(session.scalars(sa.select(Product.id).join(ProductVersion).where(clause)))
    assert open_ids == {passed.id}
    for made in (passed, failed, none):
        newest = products.latest_version(session, made.id)
        is_open, _, _ = queries.egress_gate_fact(session, newest.id, place="guangzhou", on=TODAY, book=LAW)
        assert is_open is (made.id in open_ids)
        day_before = TODAY - timedelta(days=1)
        assert not queries.egress_gate_fact(session, newest.id, place="guangzhou", on=day_before, book=LAW)[0]
        assert queries.egress_gate_fact(session, newest.id, place="xinchang", on=TODAY, book=LAW)[0]
    assert not session.scalar(sa.select(queries.egress_clause(products.latest_version(session, passed.id).id,
                                                              TODAY - timedelta(days=1))))  # fmt: skip


def test_each_new_version_needs_a_new_check(session: Session) -> None:
    made = guangzhou(session)
    first = make_check(session, made)
    second = add_version(session, made)
    assert not queries.egress_gate_fact(session, second.id, place="guangzhou", on=TODAY, book=LAW)[0]
    with pytest.raises(commands.NotNewest):
        commands.request_check(
            session, seller(made), version_id=first.version_id, form=DeliveryForm.API, description="旧版", book=LAW,
            calendar=calendar(), now=make.NOW,
        )  # fmt: skip
    make_check(session, made)
    assert queries.egress_gate_fact(session, second.id, place="guangzhou", on=TODAY, book=LAW)[0]


def test_a_version_is_asked_for_once_at_a_time_and_again_after_a_refusal(session: Session) -> None:
    made = guangzhou(session)
    make_check(session, made, state=EgressState.REQUESTED)
    with pytest.raises(commands.CheckExists):
        make_check(session, made)
    other = guangzhou(session)
    make_check(session, other, state=EgressState.FAILED)
    assert make_check(session, other).state is EgressState.PASSED


def test_raw_and_restorable_data_cannot_pass_where_the_text_says_so(session: Session) -> None:
    made = make_product(session, place="puer")
    [used, *_] = products.latest_version(session, made.id).inputs
    source = make.actor(Role.SOURCE, org_id=used.resource.source_department_id, place=made.place)
    resources.change(session, source, used.resource_id, fields=MARKED, now=make.NOW)
    session.flush()
    session.expire_all()
    check = make_check(session, made, state=EgressState.REQUESTED)
    found = {one.code: one for one in checks.findings(session, check, on=TODAY, book=LAW)}
    assert not found["not_reversible"].is_met
    assert used.resource.code in found["not_reversible"].fact
    assert found["raw_stays_in_domain"].is_met
    with pytest.raises(FindingsOpen):
        decide(session, check, Decision.AGREE)
    fields = [{"name": "score", "title": "评分", "type": "number"}, {"name": "level", "title": "等级", "type": "text"}]
    resources.change(session, source, used.resource_id, fields=fields, now=make.NOW)
    session.flush()
    session.expire_all()
    found = {one.code: one for one in checks.findings(session, check, on=TODAY, book=LAW)}
    assert (found["raw_stays_in_domain"].is_met, found["raw_stays_in_domain"].is_binding) == (False, True)


def test_personal_fields_need_a_basis_and_a_group_size_is_shown(session: Session) -> None:
    personal = [{"name": "id", "title": "证件号", "type": "text", "personal": True}]
    made = guangzhou(session, fields=personal, sample=[])
    check = make_check(session, made, state=EgressState.REQUESTED)
    with pytest.raises(FindingsOpen):
        decide(session, check, Decision.AGREE)
    decide(session, check, Decision.RETURN_ONCE)
    assert (check.state, check.decided_at) == (EgressState.RETURNED, None)
    report = {"name": "report.pdf", "media_type": "application/pdf", "content": b"k=10"}
    commands.resubmit(
        session, seller(made), check.id, description="补正", personal_basis="取得个人单独同意", minimum_group_size=10,
        report=report, calendar=calendar(), now=make.NOW,
    )  # fmt: skip
    found = {one.code: one for one in checks.findings(session, check, on=TODAY, book=LAW)}
    assert all(found[code].is_met for code in ("personal_basis", "minimum_group_size"))
    decide(session, check, Decision.AGREE)
    assert check.state is EgressState.PASSED


def test_where_the_operator_is_the_seller_the_authority_checks(session: Session) -> None:
    made = make_product(session)
    agreement = session.get_one(Agreement, made.agreement_id)
    operator = session.get_one(Party, agreement.operating_institution_id)
    own = make_product(session, agreement=agreement, owner=operator, scenario="自营核验")
    newest = products.latest_version(session, own.id)
    check = commands.request_check(
        session, developer(session, operator, agreement), version_id=newest.id, form=DeliveryForm.API,
        description="自愿核查", book=LAW, calendar=calendar(), now=make.NOW,
    )  # fmt: skip
    [seat] = reviews.stages(session, reviews.of_subject(session, Procedure.EGRESS, check.id))
    assert (seat.kind, seat.party_id) == ("authority_check", None)
    decide(session, check, Decision.AGREE)
    assert check.state is EgressState.PASSED


@pytest.mark.both_databases
def test_a_delivery_is_recorded_once_by_its_reference_and_counted_for_the_cost_of_exports(session: Session) -> None:
    made = guangzhou(session)
    check = make_check(session, made, state=EgressState.EXPORTED)
    first = export(session, check)
    assert export(session, check).id == first.id
    with pytest.raises(commands.ExportedDifferently):
        export(session, check, units=4)
    export(session, check, reference="D-2", units=5, size_bytes=10)
    session.flush()
    [figure] = queries.export_figures(session, "guangzhou", Period.month("2026-07"))
    operator = operator_of(session, made)
    assert figure == queries.ExportFigure(operator.id, 2, 8, 2058)
    assert queries.export_figures(session, "guangzhou", Period.month("2026-08")) == []
    assert [one.reference for one in queries.exports_of(session, check.version_id)] == ["D-1", "D-2"]


def test_nothing_leaves_in_another_form_under_a_suspended_agreement_or_by_strangers(session: Session) -> None:
    made = guangzhou(session)
    check = make_check(session, made)
    with pytest.raises(commands.WrongForm):
        export(session, check, form=DeliveryForm.FILE)
    stranger = make.acting_for(make.make_operator(session, place="guangzhou"), Role.OPERATOR)
    values = {"file_sha256": "a" * 64, "form": DeliveryForm.API, "recipient": "银行", "size_bytes": 1, "units": 1,
              "now": make.NOW}  # fmt: skip
    with pytest.raises(NotAllowed):
        commands.export(session, stranger, check.id, reference="D-9", **values)
    operator = make.acting_for(operator_of(session, made), Role.OPERATOR)
    assert commands.export(session, operator, check.id, reference="D-8", **values).units == 1
    make.take_step(session, make.supervisor("guangzhou"), made.agreement_id, make.AgreementState.SUSPENDED)
    session.flush()
    session.expire_all()
    with pytest.raises(commands.AgreementClosed):
        export(session, check, reference="D-10")


@pytest.mark.parametrize(("state", "event"), TRANSITIONS)
def test_every_allowed_event_leads_where_the_table_says(
    session: Session, state: EgressState, event: EgressEvent
) -> None:
    made = guangzhou(session)
    check = make_check(session, made, state=state)
    take(session, made, check, event)
    assert check.state is TRANSITIONS[state, event]


@pytest.mark.parametrize("state", EgressState)
def test_every_other_event_is_refused_and_changes_nothing(session: Session, state: EgressState) -> None:
    made = guangzhou(session)
    check = make_check(session, made, state=state)
    before = (check.state, check.decided_at, len(queries.exports_of(session, check.version_id)))
    for event in EgressEvent:
        if (state, event) in TRANSITIONS:
            continue
        with pytest.raises((WrongEgressState, WrongState)):
            take(session, made, check, event)
        session.flush()
        assert (check.state, check.decided_at, len(queries.exports_of(session, check.version_id))) == before


def take(session: Session, made: Product, check: EgressCheck, event: EgressEvent) -> None:
    """Let one event happen to a check, the way it happens in life."""
    person, common = seller(made), {"calendar": calendar(), "now": make.NOW}
    if event is EgressEvent.EXPORT:
        export(session, check, reference="D-5")
    elif event is EgressEvent.WITHDRAW:
        commands.withdraw(session, person, check.id, reason="改版", now=make.NOW)
    elif event is EgressEvent.RESUBMIT:
        commands.resubmit(session, person, check.id, description="补正", **common)
    else:
        [review, *_] = reviews.history(session, Procedure.EGRESS, [check.id])
        decisions = {EgressEvent.PASS: Decision.AGREE, EgressEvent.FAIL: Decision.REFUSE,
                     EgressEvent.RETURN: Decision.RETURN_ONCE}  # fmt: skip
        desk.decide(
            session, make.actor(Role.OPERATOR, org_id=operator_of(session, made).id, place=made.place), review.id,
            decision=decisions[event], reason="意见", checklist=[], defects=["缺报告"], book=LAW, **common,
        )  # fmt: skip
