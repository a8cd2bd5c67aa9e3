"""What the routes of reports read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, SignedMoneyField
from settlement.reports.rules import AMOUNTS, Dimension, Grain, Measure

MONTH = ma.validate.Regexp(r"^[0-9]{4}-(0[1-9]|1[0-2])$")
YEAR_MIN, YEAR_MAX = 2000, 2100


class SpanArgs(Schema):
    """Which months, which place."""

    since = ma.fields.String(required=True, validate=MONTH, data_key="from")
    until = ma.fields.String(required=True, validate=MONTH, data_key="to")
    place = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))


class ReportArgs(SpanArgs):
    """By what and how fine."""

    dimension = ma.fields.Enum(Dimension, by_value=True, load_default=Dimension.PRODUCT)
    grain = ma.fields.Enum(Grain, by_value=True, load_default=Grain.MONTH)
    measure = ma.fields.Enum(Measure, by_value=True, load_default=Measure.REVENUE)


class YearArgs(Schema):
    """Which year."""

    year = ma.fields.Integer(required=True, validate=ma.validate.Range(YEAR_MIN, YEAR_MAX))


class AgeingArgs(Schema):
    """At the end of which day, at which place."""

    as_of = ma.fields.Date(required=True)
    place = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))


RowOut = Schema.from_dict(
    {
        "key": ma.fields.String(), "title": ma.fields.String(), "part": ma.fields.String(),
        "lines": ma.fields.Integer(), "quantity": ma.fields.Integer(), "billable": ma.fields.Integer(),
        **{name: SignedMoneyField() for name in AMOUNTS},
    },
    name="ReportRowOut",
)  # fmt: skip


class ReportOut(ma.Schema):
    """A report with its sum."""

    rows = ma.fields.List(ma.fields.Nested(RowOut))
    total = ma.fields.Nested(RowOut)


class DeviationOut(ma.Schema):
    """Where one agreement stands in a year."""

    agreement = ma.fields.String(attribute="agreement.number")
    operator = ma.fields.String()
    permitted = SignedMoneyField(allow_none=True)
    actual = SignedMoneyField()
    deviation = ma.fields.String(attribute="share")
    direction = ma.fields.String(attribute="result.direction", allow_none=True)
    action = ma.fields.String(attribute="result.action", allow_none=True)
    assessment = ma.fields.String(attribute="assessment.number", allow_none=True)


class DeviationsOut(ma.Schema):
    """Every agreement of a year."""

    items = ma.fields.List(ma.fields.Nested(DeviationOut))


class AgedOut(ma.Schema):
    """One account by age."""

    account = ma.fields.String()
    holder = ma.fields.String()
    parts = ma.fields.List(SignedMoneyField())
    balance = SignedMoneyField()


class AgeingOut(ma.Schema):
    """Open balances by age; ``ages`` names the parts."""

    ages = ma.fields.List(ma.fields.String())
    payable = ma.fields.List(ma.fields.Nested(AgedOut))
    receivable = ma.fields.List(ma.fields.Nested(AgedOut))


class PouredOut(ma.Schema):
    """What one kind of step gave one party."""

    kind = ma.fields.String()
    key = ma.fields.String()
    party = ma.fields.String()
    name = ma.fields.String()
    payee = ma.fields.String()
    amount = SignedMoneyField()


class WaterfallOut(ma.Schema):
    """How the money ran."""

    gross = SignedMoneyField()
    tax = SignedMoneyField()
    refunded = SignedMoneyField()
    returned = SignedMoneyField()
    kept = SignedMoneyField()
    net = SignedMoneyField()
    shares = ma.fields.List(ma.fields.Nested(PouredOut))
