"""Product drafts as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.db import to_json
from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.drafts import rules
from registry.drafts.model import ProductDraft
from registry.drafts.rules import DraftState
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.products.schemas import EVIDENCE_MAX, ProductIn

CONTENT_LENGTH_MAX = 200_000
LINES_MAX = ma.validate.Length(max=500)


class DraftIn(Schema):
    """For whom a draft is started."""

    owner_id = ma.fields.UUID(required=True)


class KeptEvidenceIn(Schema):
    """A file that is kept already, named by its content."""

    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    sha256 = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^[0-9a-f]{64}$"))


class DraftStepIn(Schema):
    """The content of one step, complete or not; it is read in full when the draft becomes a product."""

    request_id = ma.fields.UUID()
    inputs = ma.fields.List(ma.fields.Dict(), validate=LINES_MAX)
    fields_ = ma.fields.List(ma.fields.Dict(), data_key="fields", attribute="fields", validate=LINES_MAX)
    sample = ma.fields.List(ma.fields.Dict(), validate=LINES_MAX)
    origins = ma.fields.List(ma.fields.Dict(), validate=LINES_MAX)
    evidence = ma.fields.List(ma.fields.Nested(KeptEvidenceIn), validate=ma.validate.Length(max=EVIDENCE_MAX))
    title = TextField(min_length=0, max_length=NAME_LENGTH_MAX)
    domain = TextField(min_length=0, max_length=60)
    delivery_form = ma.fields.String(validate=ma.validate.Length(max=20))
    source_statement = TextField(min_length=0, max_length=5000)
    description = TextField(min_length=0, max_length=5000)

    @ma.post_load
    def as_json(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Return the content as it is kept.

        Raises:
            ValidationError: it is longer than a step may be.
        """
        kept = {name: str(value) if name == "request_id" else value for name, value in data.items()}
        if len(to_json(kept)) > CONTENT_LENGTH_MAX:
            raise ma.ValidationError("内容过长，请精简后保存")
        return kept


class DraftArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(DraftState, by_value=True)


class DraftOut(EntityOut):
    """One draft; ``missing`` says what each step still lacks."""

    owner = ma.fields.Nested(PartyNameOut)
    title = ma.fields.String()
    state = ma.fields.Enum(DraftState, by_value=True)
    steps = ma.fields.Dict()
    product_id = ma.fields.UUID(allow_none=True)
    started_at = ma.fields.AwareDateTime()
    saved_at = ma.fields.AwareDateTime()
    missing = ma.fields.Function(lambda draft: {str(step): names for step, names in rules.missing(draft.steps).items()})


FROM_REQUEST = ("owner_id", "agreement_id", "scenario")


def product_values(draft: ProductDraft) -> dict[str, Any]:
    """Return what a draft holds, read by the schema of a product, as the command that finishes it takes it.

    Raises:
        ValidationError: some content is not what a product needs; the messages are those of the schema.
    """
    held = {
        name: value for name, value in rules.assembled(draft.steps).items() if name not in ("request_id", "evidence")
    }
    read: dict[str, Any] = ProductIn(exclude=(*FROM_REQUEST, "evidence")).load(held)
    return read


DraftPageOut = page_of(DraftOut)
