"""Training for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.errors import NotAllowed
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from registry.training import commands, queries
from registry.training.model import TrainingRecord
from registry.training.schemas import (
    OrganisationTrainingOut,
    PlaceArgs,
    TrainingArgs,
    TrainingIn,
    TrainingOut,
    TrainingPageOut,
)

blueprint = ApiBlueprint("trainings", __name__, url_prefix="/api/v1/trainings", description="岗前培训 · training")


@blueprint.get("")
@requires(Permission.TRAINING_READ)
@blueprint.arguments(TrainingArgs, location="query")
@blueprint.response(200, TrainingPageOut)
def browse(args):
    """List the training records of your organisation, or of your place."""
    query = queries.listed(current_actor(), place=args.get("place"), account_id=args.get("account_id"))
    return page(db.session(), query, TrainingRecord)


@blueprint.post("")
@requires(Permission.TRAINING_WRITE)
@blueprint.arguments(TrainingIn)
@blueprint.response(201, TrainingOut)
def record(training_in):
    """Record an examination."""
    with db.transaction() as session:
        return commands.record(session, current_actor(), **training_in, book=policy_book(), now=clock.now())


@blueprint.get("/<uuid:record_id>")
@requires(Permission.TRAINING_READ)
@blueprint.response(200, TrainingOut)
def show(record_id: UUID):
    """Read one record."""
    return queries.visible(db.session(), current_actor(), record_id)


@blueprint.get("/organisations/<uuid:party_id>")
@requires(Permission.TRAINING_READ)
@blueprint.arguments(PlaceArgs, location="query")
@blueprint.response(200, OrganisationTrainingOut)
def organisation(args, party_id: UUID):
    """Say how many of the assigned users of an organisation are trained, and who is not."""
    session, place = db.session(), args["place"]
    if not queries.may_see(session, current_actor(), party_id, place):
        raise NotAllowed("该单位的培训情况不在您的职责范围内", detail_en="Outside your scope.")
    found = queries.organisation(session, party_id, place, on=args.get("on") or clock.today(), book=policy_book())
    people = [
        {"account": person, "is_trained": fact.is_met, "code": fact.code, "words": fact.words, "since": fact.since,
         "until": fact.until}
        for person, fact in found.people
    ]  # fmt: skip
    return {
        "place": place, "requirement": found.requirement.words(), "article": found.requirement.article,
        "words": found.words(), "assigned": len(people), "passed": found.passed, "is_met": found.is_met,
        "people": people,
    }  # fmt: skip
