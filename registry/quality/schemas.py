"""Quality tickets as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, RateField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import PartyNameOut
from registry.quality.rules import Category, TicketEvent, TicketState
from registry.resources.schemas import ResourceEvidenceIn


class QualityTicketIn(Schema):
    """A quality problem."""

    resource_id = ma.fields.UUID(required=True)
    reporter_id = ma.fields.UUID(required=True)
    category = ma.fields.Enum(Category, by_value=True, required=True)
    description = TextField(required=True, max_length=5000)
    evidence = ma.fields.Nested(ResourceEvidenceIn, load_default=None)


class QualityStepIn(Schema):
    """An answer of the source department, or the reporter's judgement of it."""

    event = ma.fields.Enum(TicketEvent, by_value=True, required=True)
    reason = TextField(min_length=0, max_length=2000, load_default="")
    evidence = ma.fields.Nested(ResourceEvidenceIn, load_default=None)


class QualityTicketArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(TicketState, by_value=True)
    resource_id = ma.fields.UUID()


class ResourceNameOut(ma.Schema):
    """The resource that a ticket is about."""

    id = ma.fields.UUID()
    code = ma.fields.String()
    title = ma.fields.String()


class QualityEventOut(ma.Schema):
    """One step."""

    event = ma.fields.Enum(TicketEvent, by_value=True)
    reason = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    happened_at = ma.fields.AwareDateTime()
    actor_name = ma.fields.String()


class QualityTicketOut(EntityOut):
    """One ticket."""

    number = ma.fields.String()
    place = ma.fields.String()
    resource = ma.fields.Nested(ResourceNameOut)
    reporter = ma.fields.Nested(PartyNameOut)
    category = ma.fields.Enum(Category, by_value=True)
    description = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    state = ma.fields.Enum(TicketState, by_value=True)
    filed_at = ma.fields.AwareDateTime()
    due_date = ma.fields.Date(allow_none=True)
    resolved_at = ma.fields.AwareDateTime(allow_none=True)


class QualityTicketDetailOut(QualityTicketOut):
    """One ticket with its course."""

    course = ma.fields.List(ma.fields.Nested(QualityEventOut))


class QualityScoreLineOut(ma.Schema):
    """One aspect of the score."""

    category = ma.fields.Enum(Category, by_value=True)
    weight = ma.fields.Function(lambda line: str(line.weight))
    open_count = ma.fields.Integer()
    resolved_count = ma.fields.Integer()
    value = ma.fields.Function(lambda line: str(line.value))


class QualityScoreOut(ma.Schema):
    """The score of a resource today, its lines as exact fractions; without a score ``words`` say why."""

    value = RateField(allow_none=True)
    words = ma.fields.String()
    lines = ma.fields.Method("show_lines")

    def show_lines(self, figures: Any) -> list[dict[str, Any]]:
        """Return the lines, none without a score."""
        shown: list[dict[str, Any]] = QualityScoreLineOut(many=True).dump(figures.score.lines if figures.score else [])
        return shown


QualityTicketPageOut = page_of(QualityTicketOut)
