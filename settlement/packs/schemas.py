"""What the routes of packs show."""

from __future__ import annotations

import marshmallow as ma


class PackOut(ma.Schema):
    """A pack with its digest: SHA-256 over the content as JSON with sorted keys and without spaces."""

    sha256 = ma.fields.String()
    content = ma.fields.Dict()
