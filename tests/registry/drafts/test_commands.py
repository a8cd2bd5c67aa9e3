"""Product drafts on a real database: saved step by step, seen by nobody else, and made into a product once."""

from __future__ import annotations

from itertools import product as pairs
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from registry.drafts import commands, queries
from registry.drafts.model import ProductDraft
from registry.drafts.rules import TRANSITIONS, DraftEvent, DraftIncomplete, DraftState, Step, WrongDraftState
from registry.drafts.schemas import product_values
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product
from registry.requests.queries import resources
from tests.make import registry_base as make
from tests.make.registry_products import FIELDS, make_merchant, make_request, make_reviewers

UPLOAD = {"title": "报告", "name": "report.pdf", "media_type": "application/pdf", "content": b"report"}
DELIVERY = {"title": "企业信用核验", "domain": "金融", "delivery_form": "api", "source_statement": "授权范围内",
            "description": "返回核验结果"}  # fmt: skip


def save(session: Session, person: Actor, draft: ProductDraft, step: Step, **content: Any) -> None:
    commands.save(session, person, draft.id, step=step, content=content, now=make.NOW)
    session.flush()


def filled(session: Session, owner: Party, person: Actor) -> ProductDraft:
    """A draft with every step, on an approved request."""
    make_reviewers(session, "xinchang")
    request = make_request(session, agreement=make.make_agreement(session), applicant=owner)
    draft = commands.start(session, person, owner_id=owner.id, now=make.NOW)
    session.flush()
    save(session, person, draft, Step.BASIS, request_id=str(request.id))
    used = [
        {"resource_id": str(one.id), "weight_input": "1", "quality": "0.9"} for one in resources(session, request.id)
    ]
    save(session, person, draft, Step.DATA, inputs=used)
    save(session, person, draft, Step.FIELDS, fields=FIELDS)
    save(session, person, draft, Step.SAMPLE, sample=[{"score": "712"}])
    save(session, person, draft, Step.DELIVERY, **DELIVERY)
    return draft


def finish(session: Session, person: Actor, draft: ProductDraft, **changed: Any) -> Product:
    values = product_values(draft) | changed
    return commands.finish(
        session, person, draft.id, values=values, book=make.book(demonstration=True), now=make.NOW
    )  # fmt: skip


@pytest.mark.both_databases
def test_a_draft_is_saved_incomplete_and_becomes_a_product_with_its_evidence(session: Session) -> None:
    owner = make_merchant(session)
    person = make.acting_for(owner, Role.MERCHANT)
    draft = filled(session, owner, person)
    commands.save(session, person, draft.id, step=Step.INPUTS, content={}, uploads=[UPLOAD], now=make.NOW)
    session.flush()
    session.expire_all()
    draft = queries.visible(session, person, draft.id)
    assert draft.steps["inputs"]["evidence"][0]["name"] == "report.pdf"
    made = finish(session, person, draft)
    newest = products.latest_version(session, made.id)
    assert (made.title, newest.number, [one.title for one in newest.evidence]) == ("企业信用核验", 1, ["报告"])
    assert (draft.state, draft.product_id) == (DraftState.FINISHED, made.id)
    assert [line.action for line in queries.history(session, draft.id)][-1] == "product_draft.finish"


def test_an_incomplete_draft_becomes_nothing(session: Session) -> None:
    owner = make_merchant(session)
    person = make.acting_for(owner, Role.MERCHANT)
    draft = commands.start(session, person, owner_id=owner.id, now=make.NOW)
    session.flush()
    save(session, person, draft, Step.DELIVERY, title="只有名称")
    assert draft.title == "只有名称"
    with pytest.raises(DraftIncomplete):
        commands.finish(session, person, draft.id, values={}, book=make.book(), now=make.NOW)
    assert draft.state is DraftState.OPEN


def test_the_request_must_be_an_approved_one_of_the_own_organisation(session: Session) -> None:
    owner, other = make_merchant(session), make_merchant(session)
    person = make.acting_for(owner, Role.MERCHANT)
    draft = filled(session, owner, person)
    agreement = make.make_agreement(session)
    theirs = make_request(session, agreement=agreement, applicant=other)
    save(session, person, draft, Step.BASIS, request_id=str(theirs.id))
    with pytest.raises(commands.RequestNotUsable):
        finish(session, person, draft)


def test_nobody_else_sees_or_touches_a_draft(session: Session) -> None:
    owner = make_merchant(session)
    draft = commands.start(session, make.acting_for(owner, Role.MERCHANT), owner_id=owner.id, now=make.NOW)
    session.flush()
    stranger = make.acting_for(make_merchant(session), Role.MERCHANT)
    for person in (stranger, make.supervisor(), make.actor(Role.AUDITOR)):
        with pytest.raises(queries.NoSuchDraft):
            commands.discard(session, person, draft.id, now=make.NOW)
    with pytest.raises(NotAllowed):
        commands.start(session, stranger, owner_id=owner.id, now=make.NOW)


@pytest.mark.parametrize(("state", "event"), list(pairs(DraftState, DraftEvent)))
def test_every_pair_of_state_and_event_succeeds_by_the_table_or_changes_nothing(
    session: Session, state: DraftState, event: DraftEvent
) -> None:
    owner = make_merchant(session)
    person = make.acting_for(owner, Role.MERCHANT)
    draft = filled(session, owner, person)
    if state is DraftState.FINISHED:
        finish(session, person, draft)
    elif state is DraftState.DISCARDED:
        commands.discard(session, person, draft.id, now=make.NOW)
    session.flush()
    steps = {
        DraftEvent.SAVE: lambda: save(session, person, draft, Step.DELIVERY, title="新名称"),
        DraftEvent.FINISH: lambda: finish(session, person, draft),
        DraftEvent.DISCARD: lambda: commands.discard(session, person, draft.id, now=make.NOW),
    }
    if (state, event) in TRANSITIONS:
        steps[event]()
        assert draft.state is TRANSITIONS[state, event]
        return
    held = dict(draft.steps)
    with pytest.raises(WrongDraftState):
        steps[event]()
    assert (draft.state, draft.steps) == (state, held)
