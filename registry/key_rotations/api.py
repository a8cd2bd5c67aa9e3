"""Replacing keys for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, repeats_harmlessly, requires
from kernel.identity import Permission
from registry.accounts.schemas import KeyOut
from registry.key_rotations import commands
from registry.key_rotations.schemas import RotationIn, RotationOut

blueprint = ApiBlueprint(
    "key_rotations", __name__, url_prefix="/api/v1", description="更换访问密钥 · replacing API keys"
)


@blueprint.post("/keys/<uuid:key_id>/rotation")
@requires(Permission.KEY_MANAGE)
@repeats_harmlessly
@blueprint.arguments(RotationIn)
@blueprint.response(201, RotationOut)
def rotate(rotation_in, key_id: UUID):
    """Replace a key: the new secret is shown in this answer only, so nothing is kept for repetition. The old key ends
    at once, or after ``overlap_hours``.
    """
    with db.transaction() as session:
        made, old, secret = commands.rotate(session, current_actor(), key_id, **rotation_in, now=clock.now())
        shown = {field: getattr(made, field) for field in KeyOut().fields}
        return {**shown, "secret": secret, "replaces": old}
