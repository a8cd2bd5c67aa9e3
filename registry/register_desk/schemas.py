"""The registrar's worklist as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.http import PageArgs, page_of
from registry.registrations.schemas import RegistrationOut


class WorklistArgs(PageArgs):
    """What the worklist shows."""

    overdue = ma.fields.Boolean(load_default=False)


class WorkOut(RegistrationOut):
    """One registration with its clock."""

    due = ma.fields.Date(allow_none=True)
    is_overdue = ma.fields.Boolean()


WorkPageOut = page_of(WorkOut)
