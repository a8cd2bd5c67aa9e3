"""Applications to be admitted, for programs. Applicants need no account: they carry the number and the secret word."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import (
    ApiBlueprint,
    current_actor,
    page,
    policy_book,
    public,
    repeats_harmlessly,
    requires,
    working_calendar,
)
from kernel.identity import Permission
from registry.onboarding import commands, queries
from registry.onboarding.model import Onboarding
from registry.onboarding.schemas import (
    ApplicationIn,
    OnboardingArgs,
    OnboardingOut,
    OnboardingPageOut,
    ProgressOut,
    ReceiptOut,
    ResubmissionIn,
    WordIn,
    progress,
    stated_of,
)
from registry.parties.rules import normalised_uscc
from registry.persons.schemas import identity_key

blueprint = ApiBlueprint(
    "onboarding", __name__, url_prefix="/api/v1/onboarding", description="主体入驻 · onboarding of organisations"
)


@blueprint.get("")
@requires(Permission.ONBOARDING_DECIDE)
@blueprint.arguments(OnboardingArgs, location="query")
@blueprint.response(200, OnboardingPageOut)
def browse(args):
    """List the applications at your place."""
    return page(db.session(), queries.listed(current_actor(), state=args.get("state")), Onboarding)


@blueprint.post("")
@public
@repeats_harmlessly
@blueprint.arguments(ApplicationIn)
@blueprint.response(201, ReceiptOut)
def apply(application_in):
    """Ask to be admitted. The word is shown in this answer only, so nothing is kept for repetition: a second
    application for the same credit code is refused while one runs.
    """
    now = clock.now()
    _count(normalised_uscc(application_in["uscc"]))
    with db.transaction() as session:
        applied = commands.apply(
            session, current_actor(), uscc=application_in["uscc"], place=application_in["place"],
            stated=stated_of(application_in), password=application_in["password"],
            number=application_in["identity_number"], key=identity_key(), book=policy_book(),
            calendar=working_calendar(), now=now,
        )  # fmt: skip
        own = {name: getattr(applied.application, name) for name in ("number", "state", "submitted_at")}
        return {**own, "word": applied.word}


@blueprint.get("/<number>")
@requires(Permission.ONBOARDING_DECIDE)
@blueprint.response(200, OnboardingOut)
def show(number: str):
    """Read one application at your place."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.post("/<number>/state")
@public
@repeats_harmlessly
@blueprint.arguments(WordIn)
@blueprint.response(200, ProgressOut)
def look_up(word_in, number: str):
    """See how an application stands."""
    _count(number)
    with db.transaction() as session:
        return progress(commands.look_up(session, current_actor(), number, **word_in, now=clock.now()))


@blueprint.post("/<number>/resubmission")
@public
@repeats_harmlessly
@blueprint.arguments(ResubmissionIn)
@blueprint.response(200, ProgressOut)
def resubmit(resubmission_in, number: str):
    """Send a returned application in again."""
    _count(number)
    with db.transaction() as session:
        found = commands.resubmit(
            session, current_actor(), number, word=resubmission_in["word"], stated=stated_of(resubmission_in),
            password=resubmission_in["password"], book=policy_book(), calendar=working_calendar(), now=clock.now(),
        )  # fmt: skip
        return progress(found)


@blueprint.post("/<number>/withdrawal")
@public
@repeats_harmlessly
@blueprint.arguments(WordIn)
@blueprint.response(200, ProgressOut)
def withdraw(word_in, number: str):
    """Take an application back before it is decided."""
    _count(number)
    with db.transaction() as session:
        return progress(commands.withdraw(session, current_actor(), number, **word_in, now=clock.now()))


def _count(subject: str) -> None:
    with db.transaction() as session:
        commands.count_attempt(session, current_actor(), subject=subject, now=clock.now())
