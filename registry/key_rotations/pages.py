"""Replacing a key in the browser, on the page of one's own account."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, requires
from kernel.identity import Permission
from registry.accounts.pages import account_page
from registry.key_rotations import commands
from registry.key_rotations.schemas import RotationIn

blueprint = Blueprint("key_rotation_pages", __name__)


@blueprint.post("/account/keys/<uuid:key_id>/rotation")
@requires(Permission.KEY_MANAGE)
def rotate(key_id: UUID) -> Response:
    """Replace a key. The new secret is in this answer only: it is neither kept in a cookie nor shown again."""
    form = Form(RotationIn)
    if not form.accepts():
        return account_page(rotation_form=form, status=422)
    try:
        with db.transaction() as session:
            made, old, secret = commands.rotate(session, current_actor(), key_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return account_page(rotation_form=form, status=error.status)
    return account_page(new_key=made, old_key=old, secret=secret, status=201)
