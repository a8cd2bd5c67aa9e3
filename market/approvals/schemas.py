"""Approvals as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField
from kernel.http import page_of
from market.approvals.rules import ApprovalAct, ApprovalState, RuleAct, RuleState

REASON_LENGTH_MAX = 500


class ApprovalRuleIn(Schema):
    """Above which amount orders of your organisation need a second person, or that none do."""

    is_on = ma.fields.Boolean(required=True)
    above = MoneyField(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ApprovalRuleDecisionIn(Schema):
    """What the second person says to the proposed rule, or that it is withdrawn."""

    act = ma.fields.Enum(RuleAct, by_value=True, required=True)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class ApprovalDecisionIn(Schema):
    """What the second person says to an order; a refusal gives the reason."""

    act = ma.fields.Enum(ApprovalAct, by_value=True, required=True)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class ApprovalRuleOut(EntityOut):
    """A rule of an organisation about its own orders."""

    party_id = ma.fields.UUID()
    is_on = ma.fields.Boolean()
    above = MoneyField()
    reason = ma.fields.String()
    state = ma.fields.Enum(RuleState, by_value=True)
    proposed_at = ma.fields.AwareDateTime()
    proposed_by = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)
    decided_reason = ma.fields.String()


class OrderApprovalOut(EntityOut):
    """One decision about an order."""

    order_id = ma.fields.UUID()
    rule_id = ma.fields.UUID()
    place = ma.fields.String()
    buyer_id = ma.fields.UUID()
    state = ma.fields.Enum(ApprovalState, by_value=True)
    amount = MoneyField()
    reason = ma.fields.String()
    decided_at = ma.fields.AwareDateTime()
    decided_by = ma.fields.String()


class ApprovalOut(ma.Schema):
    """Where the approval of an order stands; derived, so without a version of its own."""

    order_number = ma.fields.String()
    state = ma.fields.Enum(ApprovalState, by_value=True)
    above = MoneyField(allow_none=True)
    due_at = ma.fields.AwareDateTime()
    decision = ma.fields.Nested(OrderApprovalOut, allow_none=True)


ApprovalRulePageOut = page_of(ApprovalRuleOut)
OrderApprovalPageOut = page_of(OrderApprovalOut)
