"""Recording what the operator was charged, and correcting it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money, total
from pricing.charges import commands, queries
from pricing.charges.model import Charge
from pricing.charges.rules import ChargeKind, ChargeNotBorne, ChargeUnusable
from registry.agreements.model import Agreement
from tests.make import charges as make
from tests.make import registry_base as base

ACQUISITION = ChargeKind.PUBLIC_DATA_ACQUISITION


@pytest.fixture
def agreement(session: Session) -> Agreement:
    return base.make_agreement(session)


@pytest.mark.both_databases
def test_the_month_of_cst_01_comes_to_19_000_each_kind_with_its_article_and_bill(session, agreement):
    made = make.make_month(session, agreement)
    assert total(charge.amount for charge in made) == Money.yuan("19000.00")
    assert [one.amount.text() for one in queries.sums(made)] == [*make.MONTH_OF_CST.values()]
    assert {charge.sources[0]["article"] for charge in made} == {"三（五）5"}
    tree = queries.explain("2026-06 费用", made)
    assert tree["value"] == "¥ 19,000.00"
    first = tree["lines"][0]["lines"][0]
    assert first["source"]["rule"] == "CST-01"
    assert first["lines"] == [{"label": "凭证 SHA-256", "value": made[0].evidence_sha256, "lines": []}]


@pytest.mark.both_databases
def test_a_correction_is_a_negative_row_that_names_the_wrong_one_and_happens_once(session, agreement):
    wrong = make.make_charge(session, agreement)
    person = base.supervisor()
    reversal = commands.correct(session, person, wrong.id, reason="计量错误", now=base.NOW)
    right = make.make_charge(session, agreement, amount="11000.00")
    assert (reversal.amount, reversal.corrects_id) == (-wrong.amount, wrong.id)
    assert queries.costs_of_year(session, agreement.id, 2026) == [right]
    assert queries.sums([wrong, reversal, right])[0].amount == Money.yuan("11000.00")
    for one in (wrong, reversal):
        with pytest.raises(commands.AlreadyCorrected):
            commands.correct(session, person, one.id, reason="再次", now=base.NOW)
    assert queries.corrected_numbers(session, [wrong.id, right.id]) == [wrong.number]
    acts = session.scalars(sa.select(audit.AuditLine.action).where(audit.AuditLine.object_id == str(reversal.id))).all()
    assert acts == ["charge.correct"]


def test_a_recorded_charge_is_never_changed(session, agreement):
    charge = make.make_charge(session, agreement)
    with pytest.raises(DBAPIError):
        session.execute(sa.update(Charge).where(Charge.id == charge.id).values(amount=Money(1)))


def test_where_no_text_names_it_the_operator_bears_no_platform_charge_but_pays_for_data(session):
    elsewhere = base.make_agreement(session, place="futian")
    with pytest.raises(ChargeNotBorne):
        make.make_charge(session, elsewhere)
    paid = make.make_charge(session, elsewhere, ACQUISITION, "50000.00")
    assert paid.sources[0]["name"] == "pricing.cost_categories"


def test_the_same_bill_is_not_recorded_twice_unless_the_first_was_taken_back(session, agreement):
    bill = make.bill()
    first = make.make_charge(session, agreement, evidence=bill)
    with pytest.raises(commands.AlreadyRecorded) as refused:
        make.make_charge(session, agreement, evidence=bill)
    assert first.number in refused.value.detail
    make.make_charge(session, agreement, evidence=bill, month="2026-05")
    commands.correct(session, base.supervisor(), first.id, reason="应补充说明", now=base.NOW)
    make.make_charge(session, agreement, evidence=bill)


def test_authorities_record_at_their_place_and_a_department_only_what_is_paid_to_itself(session, agreement):
    department, other = base.make_department(session), base.make_department(session)
    person = base.acting_for(department, Role.SOURCE)

    def record(actor, kind, payee_id):
        return commands.record(
            session, actor, agreement_id=agreement.id, month=make.MONTH, kind=kind, amount=Money.yuan("1.00"),
            payee_id=payee_id, evidence=make.bill(), now=base.NOW, book=base.book(),
        )  # fmt: skip

    charge = record(person, ACQUISITION, department.id)
    assert queries.get(session, person, charge.id) is charge
    for actor, kind, payee in (
        (person, ACQUISITION, other),
        (person, ChargeKind.DATA_GOVERNANCE, department),
        (base.supervisor("puer"), ACQUISITION, department),
        (base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id), ACQUISITION, department),
    ):
        with pytest.raises(NotAllowed):
            record(actor, kind, payee.id)
    with pytest.raises(queries.NoSuchCharge):
        queries.get(session, base.acting_for(other, Role.SOURCE), charge.id)
    with pytest.raises(ChargeUnusable):
        record(base.supervisor(), ACQUISITION, agreement.operating_institution_id)
