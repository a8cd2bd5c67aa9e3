"""Every act in the audit log is either told to those whom it concerns, or is named with the reason why not."""

from __future__ import annotations

import ast
import importlib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, db
from kernel.db import Base
from tests.make import market as make
from web import announced, announcing

# steps of state machines that the audit log records under another name than the step's own
RECORDED_AS = {
    "registry.closings": {"confirm": "registration.confirm_cancellation", "refuse": "registration.refuse_cancellation",
                          "withdraw": "registration.withdraw_cancellation"},
    "registry.onboarding": dict.fromkeys(("admit", "refuse", "return"), "onboarding.take_outcome"),
    "registry.persons": {one: f"account.{one}_grant" for one in ("confirm", "refuse", "withdraw")},
    "registry.registrations": {
        **dict.fromkeys(("accept", "not_accept", "return_once"), "registration.receive"),
        **dict.fromkeys(("pass", "not_complete"), "registration.complete_review"),
        **dict.fromkeys(("dismiss_objections", "uphold_objection"), "registration.decide_objection")},
    "settlement.notices": {"redraw": "contribution.draw"},
    "settlement.objections": dict.fromkeys(("uphold", "dismiss"), "contribution.decide"),
    "settlement.payouts": {
        "confirm": "payout.confirmed", "lose_sight": "payout.unknown", "return": "payout.returned",
        "run_short": "payout.short", "send_again": "payout_resolution.confirm",
    },
    "registry.requests": {
        **dict.fromkeys(("all_agreed", "refused"), "data_request.conclude"), "appealed": "data_request.appeal",
        **dict.fromkeys(("check_failed", "check_passed"), "data_request.check")},
    "registry.reviews": {
        **dict.fromkeys(("all_agreed", "refused", "returned"), "review.conclude"), "stage_agreed": "review.decide",
        "appealed": "review.appeal", "paused": "review.pause", "resumed": "review.resume",
        "resubmitted": "review.resubmit", "withdrawn": "review.withdraw"},
    "pricing.costs": {"return": "cost_survey.send_back"},
    "pricing.exemptions": {"agree": "exemption.amendment_agree"},
    "pricing.negotiated": {"buyer": "negotiation.counter", "seller": "negotiation.offer"},
    "market.disputes": {"decide": "dispute.confirm"},
    "market.gateways": {**dict.fromkeys(("tripped", "failed", "lost"), "gateway.open"), "paused": "gateway.probing",
                        "answered": "gateway.closed"},
    "market.receipts": {"recount": "receipt.count", **dict.fromkeys(("sign_different", "sign_equal"), "receipt.sign")},
    "market.stripe_inbox": {"again": "stripe_event.receive", "ignore": "stripe_event.ignored",
                            "park": "stripe_event.parked"},
    # every try of a delivery is a row of its own; only the last one, which disables the endpoint, is an act
    "market.webhooks": {**dict.fromkeys(("exhaust", "fail", "succeed"), "webhook.give_up")},
}  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent.parent
KNOWN = {*announced.catalogue(), *announced.NOT_TOLD}


def recorded() -> dict[str, str]:
    """Return the acts that the code records under a plain name, each with the file that does."""
    found: dict[str, str] = {}
    for package in db.PACKAGES:
        for path in (ROOT / package).rglob("commands.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                    "record", "_record",
                ):  # fmt: skip
                    names = [one.value for one in node.args if isinstance(one, ast.Constant)]
                    found |= {name: str(path.relative_to(ROOT)) for name in names if isinstance(name, str)}
    return {name: path for name, path in found.items() if "." in name}


def test_every_recorded_act_is_told_or_has_a_reason_not_to_be() -> None:
    missing = {name: path for name, path in recorded().items() if name not in KNOWN}
    assert len(recorded()) > 150
    assert missing == {}, "add them to web/announced.py: to the acts of their record, or to NOT_TOLD with a reason"


def machines() -> list[tuple[str, str, set[str]]]:
    """Every state machine of the project: its concept, its name, and its steps."""
    found = []
    for package in db.PACKAGES:
        for path in sorted((ROOT / package).glob("*/rules.py")):
            concept = f"{package}.{path.parent.name}"
            for name, table in vars(importlib.import_module(f"{concept}.rules")).items():
                if name.endswith("TRANSITIONS"):
                    found.append((concept, name, {str(getattr(key[1], "value", key[1])) for key in table}))
    return found


def prefixes(concept: str) -> set[str]:
    """What stands before the dot in the acts that a concept's commands record, whether or not the rest is spelt out."""
    path = ROOT / concept.replace(".", "/") / "commands.py"
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "record", "_record",
        ):  # fmt: skip
            first = [one.values[0] if isinstance(one, ast.JoinedStr) else one for one in node.args]
            words = [one.value for one in first if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            found |= {one.partition(".")[0] for one in words if "." in one}
    return found


@pytest.mark.parametrize(("concept", "name", "steps"), machines(), ids=lambda one: one if isinstance(one, str) else "")
def test_every_step_of_every_state_machine_is_told_or_has_a_reason_not_to_be(
    concept: str, name: str, steps: set[str]
) -> None:
    other = RECORDED_AS.get(concept, {})
    acts = {step: {f"{one}.{step}" for one in prefixes(concept)} | {other.get(step, "")} for step in steps}
    assert steps, name
    assert [step for step, possible in acts.items() if not possible & KNOWN] == []


def test_the_machines_are_found_and_no_name_is_kept_for_a_step_that_is_gone() -> None:
    found: dict[str, set[str]] = {}
    for concept, _name, steps in machines():
        found.setdefault(concept, set()).update(steps)
    assert len(found) > 35
    assert {f"{one}.{step}" for one, steps in RECORDED_AS.items() for step in steps if step not in found[one]} == set()


def test_no_act_is_both_told_and_kept_back() -> None:
    assert set(announced.catalogue()) & set(announced.NOT_TOLD) == set()


@pytest.mark.parametrize("name", announced.SUBJECTS)
def test_the_way_from_each_record_to_its_organisations_exists(name: str, session: Session) -> None:
    db.import_models()
    assert "id" in Base.metadata.tables[name].c
    for path in announced.SUBJECTS[name].reach:
        query = announcing.way(name, path)
        assert session.execute(query.limit(1)).all() == []
        leads_to = next(iter(list(query.selected_columns)[-1].foreign_keys), None)
        assert leads_to is None or leads_to.target_fullname == "registry_party.id"


@pytest.mark.both_databases
def test_what_buyer_and_seller_do_is_told_to_both_and_to_nobody_else(session: Session) -> None:
    held = make.make_entitlement(session)
    session.commit()
    lines = list(audit.lines_after(session, None, limit=5000))
    everybody = set(session.scalars(sa.text("SELECT id FROM registry_party").columns(sa.column("id", sa.Uuid))))
    told = [one for one in announcing.happenings(session, lines, everybody) if one.type == "entitlement.grant"]
    sides = sa.text("SELECT buyer_id, seller_id FROM market_order")
    typed = sides.columns(sa.column("buyer_id", sa.Uuid), sa.column("seller_id", sa.Uuid))
    order = session.execute(typed).one()
    assert {one.org_id for one in told} == {order.buyer_id, order.seller_id}
    assert {(one.resource_id, one.resource_number) for one in told} == {(str(held.id), held.number)}
    assert {line.action for line in lines} - KNOWN == set()
    none = announcing.happenings(session, lines, set())
    assert list(none) == []


def test_ids_tell_when_they_were_made(session: Session) -> None:
    before = announcing.moment_ms(db.new_id())
    after = announcing.moment_ms(db.new_id())
    assert 0 <= after - before < timedelta(minutes=1) / timedelta(milliseconds=1)


@pytest.mark.postgresql_only
def test_lines_wait_for_a_transaction_that_is_still_open(session: Session, database_url: str) -> None:
    other = db.Database(database_url)
    with other.new_session() as open_one:
        open_one.execute(sa.text("SELECT pg_current_xact_id()"))  # it has begun to write
        assert announcing.oldest_open_ms(session) <= announcing.moment_ms(db.new_id())
        session.rollback()
    other.engine.dispose()
    assert announcing.oldest_open_ms(session) > announcing.moment_ms(db.new_id())
