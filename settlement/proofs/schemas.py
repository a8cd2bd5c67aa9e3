"""What the routes of proofs show."""

from __future__ import annotations

import marshmallow as ma

from kernel.http import page_of


class AnchorOut(ma.Schema):
    """What stood sealed at the end of a day; ``sha256`` and ``sm3`` are over the other fields as canonical JSON."""

    format = ma.fields.String()
    day = ma.fields.String()
    made_at = ma.fields.String()
    seals = ma.fields.Integer()
    seal_sha256 = ma.fields.String(allow_none=True)
    seal_sm3 = ma.fields.String(allow_none=True)
    log_sha256 = ma.fields.String()
    log_sm3 = ma.fields.String()
    roots = ma.fields.List(ma.fields.Dict())
    previous = ma.fields.Dict(allow_none=True)
    sha256 = ma.fields.String()
    sm3 = ma.fields.String()


AnchorPageOut = page_of(AnchorOut)


class ContinuationOut(ma.Schema):
    """Two anchors and the proof that the later one continues the earlier (RFC 6962)."""

    earlier = ma.fields.Nested(AnchorOut)
    later = ma.fields.Nested(AnchorOut)
    proof = ma.fields.Dict()


class ProofPackOut(ma.Schema):
    """A pack that is checked offline by the published checker."""

    format = ma.fields.String()
    kind = ma.fields.String()
    subject = ma.fields.String()
    proofs = ma.fields.List(ma.fields.Dict())
    kept = ma.fields.List(ma.fields.Dict())
    anchors = ma.fields.List(ma.fields.Nested(AnchorOut))
