"""What may be asked of the TM Forum views."""

from __future__ import annotations

import marshmallow as ma

from kernel.http import CURSOR_LENGTH_MAX
from market.interchange.gateway import PAGE_MAX

FIELDS_LENGTH_MAX = 500


class ViewArgs(ma.Schema):
    """``fields`` chooses attributes, separated by commas (TMF630)."""

    fields_ = ma.fields.String(
        load_default="", data_key="fields", attribute="fields", validate=ma.validate.Length(max=FIELDS_LENGTH_MAX)
    )


class ViewPageArgs(ViewArgs):
    """The same, and which page: the ``Link`` header of an answer leads to the next one."""

    limit = ma.fields.Integer(validate=ma.validate.Range(1, PAGE_MAX))
    cursor = ma.fields.String(validate=ma.validate.Length(max=CURSOR_LENGTH_MAX))
