"""What the routes of statements show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, SignedMoneyField
from kernel.http import PageArgs, page_of


class StatementArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class StatementOut(EntityOut):
    """One statement."""

    number = ma.fields.String()
    run_number = ma.fields.String()
    place = ma.fields.String()
    party_id = ma.fields.UUID()
    party_name = ma.fields.String(allow_none=True)
    party_uscc = ma.fields.String(allow_none=True)
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    total = SignedMoneyField()
    payees = ma.fields.Dict()
    sha256 = ma.fields.String()
    issued_at = ma.fields.AwareDateTime()


class StatementDetailOut(StatementOut):
    """One statement with its lines."""

    lines = ma.fields.List(ma.fields.Dict())


class StatementContentOut(ma.Schema):
    """What was digested: SHA-256 over the content as JSON with sorted keys and without spaces."""

    number = ma.fields.String()
    sha256 = ma.fields.String()
    content = ma.fields.Dict()


StatementPageOut = page_of(StatementOut)
