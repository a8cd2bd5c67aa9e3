"""Classes of buyers as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from pricing.ceilings.schemas import KIND_LENGTH_MAX
from pricing.classes.rules import MembershipAct
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX

USCC_LENGTH = 18


class ClassMemberIn(Schema):
    """Who belongs to a class of buyers with a price of its own, by which published rule."""

    product_id = ma.fields.UUID(required=True)
    buyer_class = TextField(required=True, max_length=KIND_LENGTH_MAX)
    party_id = ma.fields.UUID(required=True)
    rule = TextField(required=True, max_length=NAME_LENGTH_MAX)
    since = ma.fields.Date(required=True)


class ClassRuleIn(Schema):
    """The published rule of a class of buyers."""

    product_id = ma.fields.UUID(required=True)
    buyer_class = TextField(required=True, max_length=KIND_LENGTH_MAX)
    rule = TextField(required=True, max_length=REASON_LENGTH_MAX)
    since = ma.fields.Date(required=True)


class MembershipEndIn(Schema):
    """From which day on a buyer belongs to the class no longer, and why."""

    since = ma.fields.Date(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ClassRuleFormIn(Schema):
    """The rule of a class as the page sends it."""

    buyer_class = TextField(required=True, max_length=KIND_LENGTH_MAX)
    rule = TextField(required=True, max_length=REASON_LENGTH_MAX)
    since = ma.fields.Date(required=True)


class ClassMemberFormIn(Schema):
    """A member as the page sends it: people know an organisation by its credit code."""

    buyer_class = TextField(required=True, max_length=KIND_LENGTH_MAX)
    uscc = TextField(required=True, min_length=USCC_LENGTH, max_length=USCC_LENGTH)
    rule = TextField(required=True, max_length=NAME_LENGTH_MAX)
    since = ma.fields.Date(required=True)


class ClassArgs(Schema):
    """Of which product."""

    product_id = ma.fields.UUID(required=True)


class ClassMemberOut(EntityOut):
    """One member of a class of buyers."""

    product_id = ma.fields.UUID()
    buyer_class = ma.fields.String()
    party_id = ma.fields.UUID()
    rule = ma.fields.String()
    since = ma.fields.Date()


class ClassChangeOut(EntityOut):
    """The end of a membership, or its new beginning."""

    member_id = ma.fields.UUID()
    act = ma.fields.Enum(MembershipAct, by_value=True)
    since = ma.fields.Date()
    reason = ma.fields.String()
    set_at = ma.fields.AwareDateTime()


class MembershipOut(ma.Schema):
    """One buyer in one class, with all that changed since."""

    member = ma.fields.Nested(ClassMemberOut)
    party_name = ma.fields.String(attribute="party.name")
    changes = ma.fields.List(ma.fields.Nested(ClassChangeOut))


class MembershipListOut(ma.Schema):
    """Everybody who ever belonged to a class of a product."""

    items = ma.fields.List(ma.fields.Nested(MembershipOut))


class ClassRuleOut(EntityOut):
    """The published rule of a class."""

    product_id = ma.fields.UUID()
    buyer_class = ma.fields.String()
    rule = ma.fields.String()
    since = ma.fields.Date()
    set_at = ma.fields.AwareDateTime()


class ClassRuleListOut(ma.Schema):
    """The published rules of a product's classes, the newest of a class first."""

    items = ma.fields.List(ma.fields.Nested(ClassRuleOut))
