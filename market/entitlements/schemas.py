"""Entitlements as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut
from kernel.http import page_of
from pricing.exemptions.rules import Purpose


class EntitlementOut(EntityOut):
    """What a buyer may use; ``used`` and ``remaining`` come with every call of the data plane."""

    number = ma.fields.String()
    order_id = ma.fields.UUID()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    version_id = ma.fields.UUID()
    buyer_id = ma.fields.UUID()
    purpose = ma.fields.Enum(Purpose, by_value=True)
    scenario = ma.fields.String()
    subject_kind = ma.fields.String(allow_none=True)
    quota = ma.fields.Integer(allow_none=True)
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()
    granted_at = ma.fields.AwareDateTime()


class EntitlementStateOut(EntitlementOut):
    """An entitlement and whether it holds at this moment."""

    holds = ma.fields.Boolean()
    closed = ma.fields.List(ma.fields.String())


EntitlementPageOut = page_of(EntitlementOut)
