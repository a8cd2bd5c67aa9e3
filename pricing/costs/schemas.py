"""Cost surveys as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, MoneyField, RateField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of
from kernel.wording import Phrase
from pricing.costs.rules import CostCategory, SurveyState

NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 2000
LINES_MAX = 500
YEARS = (2000, 2100)


class QuantityField(RateField):
    """A number of units as text, at most nine digits before and six after the point."""

    pattern = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"
    words = Phrase("数量须为字符串，最多九位整数、六位小数", "Send a quantity as text, six decimals at most", "type")


class FileIn(Schema):
    """A file in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class CostLineIn(Schema):
    """One cost; ``industry_share`` is what falls on industry and sector use, by ``allocation_key``."""

    category = ma.fields.Enum(CostCategory, by_value=True, required=True)
    text = TextField(required=True, max_length=NAME_LENGTH_MAX)
    amount = MoneyField(required=True)
    industry_share = RateField(required=True)
    allocation_key = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


def _lines() -> ma.fields.List:
    return ma.fields.List(ma.fields.Nested(CostLineIn), required=True, validate=ma.validate.Length(1, LINES_MAX))


class CostSurveyIn(Schema):
    """A new survey."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))
    subsidy = MoneyField(required=True)
    lines = _lines()


class AmendIn(Schema):
    """Subsidy and lines of a draft, all anew."""

    subsidy = MoneyField(required=True)
    lines = _lines()


class SendBackIn(Schema):
    """What is to be corrected."""

    note = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DisallowanceIn(Schema):
    """What is not recognised of one line's industry part, and why."""

    position = ma.fields.Integer(required=True, validate=ma.validate.Range(1, LINES_MAX))
    amount = MoneyField(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class AcceptIn(Schema):
    """The decision on a survey."""

    disallowed = ma.fields.List(
        ma.fields.Nested(DisallowanceIn), load_default=list, validate=ma.validate.Length(max=LINES_MAX)
    )
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class CostSurveyArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(SurveyState, by_value=True)


class CostLineOut(ma.Schema):
    """One cost with what is recognised of it."""

    position = ma.fields.Integer()
    category = ma.fields.Enum(CostCategory, by_value=True)
    text = ma.fields.String()
    amount = MoneyField()
    industry_share = RateField()
    allocation_key = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    disallowed_amount = MoneyField()
    disallowed_reason = ma.fields.String(allow_none=True)


class SurveyTotalsOut(ma.Schema):
    """The sums of a survey."""

    spent = MoneyField()
    industry = MoneyField()
    disallowed = MoneyField()
    recognised = SignedMoneyField()


class CostSurveyOut(EntityOut):
    """One survey with lines and sums."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    operating_institution_id = ma.fields.UUID()
    year = ma.fields.Integer()
    state = ma.fields.Enum(SurveyState, by_value=True)
    subsidy = MoneyField()
    note = ma.fields.String()
    created_at = ma.fields.AwareDateTime()
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    accepted_at = ma.fields.AwareDateTime(allow_none=True)
    lines = ma.fields.List(ma.fields.Nested(CostLineOut))
    totals = ma.fields.Function(lambda survey: SurveyTotalsOut().dump(survey.totals()), metadata={"type": "object"})


CostSurveyPageOut = page_of(CostSurveyOut)
