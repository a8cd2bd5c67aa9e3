"""Applications to be admitted as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.accounts.schemas import LOGIN_LENGTH_MAX, PASSWORD_LENGTH_MAX, PasswordField
from registry.onboarding.commands import DOCUMENTS_MAX, Stated
from registry.onboarding.model import Onboarding
from registry.onboarding.rules import ApplicationState, DocumentKind, Sent
from registry.parties.rules import Capacity, PartyKind
from registry.parties.schemas import NAME_LENGTH_MAX
from registry.persons.schemas import NumberField

WORD_LENGTH_MAX = 100
STATED = ("name", "kind", "capacities", "contact", "person_name", "login", "documents")


class DocumentIn(Schema):
    """One document in base64: PDF, PNG or JPEG."""

    kind = ma.fields.Enum(DocumentKind, by_value=True, required=True)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    content = FileContentField(required=True, data_key="content_base64")

    @ma.post_load
    def _sent(self, data: dict[str, Any], **_kwargs: Any) -> Sent:
        return Sent(**data)


class StatedIn(Schema):
    """The organisation and its first person."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    kind = ma.fields.Enum(PartyKind, by_value=True, required=True)
    capacities = ma.fields.List(
        ma.fields.Enum(Capacity, by_value=True), required=True, validate=ma.validate.Length(1, len(Capacity))
    )
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    person_name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    login = TextField(required=True, min_length=2, max_length=LOGIN_LENGTH_MAX)


def _documents(least: int, **options: Any) -> ma.fields.List:
    return ma.fields.List(ma.fields.Nested(DocumentIn), validate=ma.validate.Length(least, DOCUMENTS_MAX), **options)


class ApplicationFieldsIn(StatedIn):
    """A new application without its documents: a form sends them as files."""

    uscc = TextField(required=True, max_length=40)
    place = TextField(required=True, max_length=40)
    password = PasswordField()
    identity_number = NumberField(load_default=None, allow_none=True)


class ApplicationIn(ApplicationFieldsIn):
    """A new application."""

    documents = _documents(1, required=True)


class WordIn(Schema):
    """The secret word that was shown when the application was made."""

    word = TextField(required=True, max_length=WORD_LENGTH_MAX)


class ResubmissionFieldsIn(StatedIn):
    """A returned application once more, without its documents: a form sends them as files."""

    word = TextField(required=True, max_length=WORD_LENGTH_MAX)
    password = ma.fields.String(
        load_default=None, load_only=True, validate=ma.validate.Length(1, PASSWORD_LENGTH_MAX),
        metadata={"format": "password"},
    )  # fmt: skip


class ResubmissionIn(ResubmissionFieldsIn):
    """A returned application once more; without documents those sent before go with it."""

    documents = _documents(0, load_default=list)


class OnboardingArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(ApplicationState, by_value=True)


class ReceiptOut(ma.Schema):
    """What the applicant keeps: the word is shown once."""

    number = ma.fields.String()
    word = ma.fields.String()
    state = ma.fields.Enum(ApplicationState, by_value=True)
    submitted_at = ma.fields.AwareDateTime()


class ProgressOut(ma.Schema):
    """What the applicant sees of the application."""

    number = ma.fields.String()
    uscc = ma.fields.String()
    name = ma.fields.String()
    place = ma.fields.String()
    state = ma.fields.Enum(ApplicationState, by_value=True)
    round_number = ma.fields.Integer()
    submitted_at = ma.fields.AwareDateTime()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    reason = ma.fields.String()
    defects = ma.fields.List(ma.fields.String())
    login = ma.fields.String(allow_none=True)


class DocumentOut(ma.Schema):
    """One document."""

    id = ma.fields.UUID()
    kind = ma.fields.Enum(DocumentKind, by_value=True)
    name = ma.fields.String()
    sha256 = ma.fields.String()


class StatementOut(ma.Schema):
    """What was stated in one round."""

    round_number = ma.fields.Integer()
    name = ma.fields.String()
    kind = ma.fields.Enum(PartyKind, by_value=True)
    capacities = ma.fields.List(ma.fields.String())
    contact = ma.fields.String()
    person_name = ma.fields.String()
    login = ma.fields.String()
    stated_at = ma.fields.AwareDateTime()
    documents = ma.fields.List(ma.fields.Nested(DocumentOut))


class OnboardingOut(EntityOut):
    """One application, for the authority."""

    number = ma.fields.String()
    uscc = ma.fields.String()
    place = ma.fields.String()
    state = ma.fields.Enum(ApplicationState, by_value=True)
    round_number = ma.fields.Integer()
    review_id = ma.fields.UUID(allow_none=True)
    submitted_at = ma.fields.AwareDateTime()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    reason = ma.fields.String()
    defects = ma.fields.List(ma.fields.String())
    party_id = ma.fields.UUID(allow_none=True)
    account_id = ma.fields.UUID(allow_none=True)
    statements = ma.fields.List(ma.fields.Nested(StatementOut))


def stated_of(data: dict[str, Any]) -> Stated:
    """Return what an applicant states, out of a loaded form or body."""
    return Stated(**{name: data[name] for name in STATED})


def progress(found: Onboarding) -> dict[str, Any]:
    """Return what the applicant sees."""
    own = {name: getattr(found, name) for name in ProgressOut().fields if name != "name"}
    return {**own, "name": found.statement.name}


OnboardingPageOut = page_of(OnboardingOut)
