"""Cost surveys as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, MoneyField, RateField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of
from kernel.wording import Phrase
from pricing.costs.rules import CostCategory, SurveyState

NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 2000
LINES_MAX = 5000
KEYS_MAX = 200
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


SHA256 = r"^[0-9a-f]{64}$"


def _digest() -> ma.fields.String:
    return ma.fields.String(
        load_default=None, allow_none=True, validate=[ma.validate.Length(max=64), ma.validate.Regexp(SHA256)]
    )


class AllocationKeyBasisIn(Schema):
    """By what shared costs are divided: measured units of both uses, or the share of industry use outright."""

    driver = TextField(required=True, max_length=NAME_LENGTH_MAX)
    industry_units = QuantityField(load_default=None, allow_none=True)
    public_units = QuantityField(load_default=None, allow_none=True)
    industry_share = RateField(load_default=None, allow_none=True)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class AllocationKeyIn(AllocationKeyBasisIn):
    """One allocation key; lines call it by its name. ``evidence_sha256`` keeps a file that was sent before."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence_sha256 = _digest()


class CostLineIn(Schema):
    """One cost; its industry share comes from the key it names, or is stated as ``industry_share``."""

    category = ma.fields.Enum(CostCategory, by_value=True, required=True)
    text = TextField(required=True, max_length=NAME_LENGTH_MAX)
    amount = MoneyField(required=True)
    key = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    industry_share = RateField(load_default=None, allow_none=True)
    allocation_key = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    subsidised = ma.fields.Boolean(load_default=False)
    charge = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)
    evidence_sha256 = _digest()


def _lines() -> ma.fields.List:
    return ma.fields.List(ma.fields.Nested(CostLineIn), required=True, validate=ma.validate.Length(1, LINES_MAX))


def _keys() -> ma.fields.List:
    return ma.fields.List(
        ma.fields.Nested(AllocationKeyIn), load_default=list, validate=ma.validate.Length(max=KEYS_MAX)
    )


class CostSurveyIn(Schema):
    """A new survey."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))
    subsidy = MoneyField(required=True)
    keys = _keys()
    lines = _lines()


class AmendIn(Schema):
    """Subsidy, keys and lines of a draft, all anew."""

    subsidy = MoneyField(required=True)
    keys = _keys()
    lines = _lines()


class DrawIn(Schema):
    """The allocation key of the lines that are drawn in; none: wholly for industry use."""

    key = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)


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


class DrawnChargeOut(ma.Schema):
    """The charge that a line was drawn from."""

    number = ma.fields.String()


class AllocationKeyOut(EntityOut):
    """One allocation key; ``share`` is exact, as numerator and denominator."""

    name = ma.fields.String()
    driver = ma.fields.String()
    industry_units = QuantityField(allow_none=True)
    public_units = QuantityField(allow_none=True)
    industry_share = RateField(attribute="direct_share", allow_none=True)
    share = ma.fields.Function(lambda key: str(key.as_key().share), metadata={"type": "string"})
    evidence_sha256 = ma.fields.String(allow_none=True)


class CostLineOut(ma.Schema):
    """One cost with what is recognised of it."""

    position = ma.fields.Integer()
    category = ma.fields.Enum(CostCategory, by_value=True)
    text = ma.fields.String()
    amount = MoneyField()
    industry_share = RateField()
    allocation_key = ma.fields.String()
    key = ma.fields.Pluck("AllocationKeyOut", "name", allow_none=True)
    charge = ma.fields.Pluck("DrawnChargeOut", "number", allow_none=True)
    subsidised = ma.fields.Function(lambda line: bool(line.subsidised), metadata={"type": "boolean"})
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
    keys = ma.fields.List(ma.fields.Nested(AllocationKeyOut))
    lines = ma.fields.List(ma.fields.Nested(CostLineOut))
    lines_without_evidence = ma.fields.List(ma.fields.Integer())
    totals = ma.fields.Function(lambda survey: SurveyTotalsOut().dump(survey.totals()), metadata={"type": "object"})


CostSurveyPageOut = page_of(CostSurveyOut)


class KeyEffectOut(ma.Schema):
    """What a changed key does to one line."""

    position = ma.fields.Integer()
    text = ma.fields.String()
    share_before = ma.fields.String()
    share_after = ma.fields.String()
    amount_before = MoneyField()
    amount_after = MoneyField()


class KeyPreviewOut(ma.Schema):
    """What a changed key would do."""

    effects = ma.fields.List(ma.fields.Nested(KeyEffectOut))


class KeyChangeOut(EntityOut):
    """The survey after one key was changed, with the lines concerned; ``version`` is the survey's."""

    survey = ma.fields.Nested(CostSurveyOut)
    effects = ma.fields.List(ma.fields.Nested(KeyEffectOut))


class DrawnOut(EntityOut):
    """The survey after charges were drawn in; ``taken`` are those that another accepted survey counts."""

    survey = ma.fields.Nested(CostSurveyOut)
    added = ma.fields.List(ma.fields.String())
    removed = ma.fields.List(ma.fields.String())
    taken = ma.fields.List(ma.fields.List(ma.fields.String()))


class AccountArgs(Schema):
    """Of which agreement and accounting year."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))


class AccountRowOut(ma.Schema):
    """Spending of one category by use class, and how much of it was subsidised."""

    category = ma.fields.Enum(CostCategory, by_value=True)
    industry = MoneyField()
    industry_subsidised = MoneyField()
    public_interest = MoneyField()
    public_interest_subsidised = MoneyField()


class AccountOut(ma.Schema):
    """The separate account (单独核算) of an agreement and year, and the survey it comes from."""

    agreement_id = ma.fields.UUID()
    year = ma.fields.Integer()
    survey = ma.fields.String()
    state = ma.fields.Enum(SurveyState, by_value=True)
    subsidy = MoneyField()
    rows = ma.fields.List(ma.fields.Nested(AccountRowOut))


class CostExplanationOut(ma.Schema):
    """How the operating cost came about, line under line."""

    number = ma.fields.String()
    explanation = ma.fields.Dict()
