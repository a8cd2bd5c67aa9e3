"""Lines of the bank as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import AmountField, EntityOut, FileContentField, MomentField, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from market.bank_lines.rules import LineState, Reason
from market.payments.schemas import LINE_LENGTH_MAX, LOCAL_MOMENT, NAME_LENGTH_MAX

SHARES_MAX = 50
NOTE_LENGTH_MAX = 500


class BankFileIn(Schema):
    """A statement of the bank: its name and its bytes (CSV or XLSX) in base64."""

    place = TextField(required=True, max_length=40)
    file_name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    content = FileContentField(required=True)


class BankFileOut(EntityOut):
    """What was taken from a statement."""

    place = ma.fields.String()
    name = ma.fields.String()
    sha256 = ma.fields.String()
    row_count = ma.fields.Integer()
    known = ma.fields.Integer()
    imported_at = ma.fields.AwareDateTime()
    imported_by = ma.fields.String()


class StatementLineIn(Schema):
    """One line taken by hand, as it stands in the statement."""

    place = TextField(required=True, max_length=40)
    serial = TextField(required=True, max_length=LINE_LENGTH_MAX)
    booked_at = MomentField(required=True)
    amount = AmountField(required=True)
    payer_name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    payer_account = TextField(load_default="", max_length=NAME_LENGTH_MAX)
    remark = TextField(required=True, max_length=NOTE_LENGTH_MAX)

    @ma.pre_load
    def take_beijing_time(self, data, **_kwargs):
        """Add the zone that the clock of a form leaves out."""
        typed = str(data.get("booked_at", ""))
        return {**data, "booked_at": f"{typed}+08:00"} if LOCAL_MOMENT.fullmatch(typed) else data


class ShareIn(Schema):
    """What part of the line is for which reference."""

    reference = TextField(required=True, max_length=LINE_LENGTH_MAX)
    amount = MoneyField(required=True)


class AssignIn(Schema):
    """What a waiting line is for; the shares add up to it."""

    shares = ma.fields.List(ma.fields.Nested(ShareIn), required=True, validate=ma.validate.Length(1, SHARES_MAX))
    note = TextField(required=True, max_length=NOTE_LENGTH_MAX)
    accept_payer = ma.fields.Boolean(load_default=False)


class ReturnIn(Schema):
    """Why a line goes back to the payer."""

    note = TextField(required=True, max_length=NOTE_LENGTH_MAX)


class ReturnedIn(Schema):
    """The serial number of the outgoing line."""

    serial = TextField(required=True, max_length=LINE_LENGTH_MAX)


class BankLineOut(EntityOut):
    """One line of the bank, and what became of it."""

    place = ma.fields.String()
    serial = ma.fields.String()
    booked_at = ma.fields.AwareDateTime()
    amount = MoneyField()
    payer_name = ma.fields.String()
    remark = ma.fields.String()
    references = ma.fields.List(ma.fields.String())
    state = ma.fields.Enum(LineState, by_value=True)
    reason = ma.fields.Enum(Reason, by_value=True, allow_none=True)
    gap = MoneyField(allow_none=True)
    note = ma.fields.String()
    decided_by = ma.fields.String(allow_none=True)
    returned_serial = ma.fields.String(allow_none=True)


class BankLineArgs(PageArgs):
    """Filter of the lines."""

    state = ma.fields.Enum(LineState, by_value=True, load_default=None)


BankLinePageOut = page_of(BankLineOut)
