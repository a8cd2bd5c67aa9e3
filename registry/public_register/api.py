"""The public register for programs: open to everybody."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, page, public
from registry.public_register import queries
from registry.public_register.queries import Wanted
from registry.public_register.rules import entry_state
from registry.public_register.schemas import (
    CertificateOut,
    HistoryOut,
    NoticeArgs,
    NoticePageOut,
    RegisterArgs,
    RegisterEntryPageOut,
)
from registry.records import queries as records
from registry.registrations.model import Registration

blueprint = ApiBlueprint(
    "public_register", __name__, url_prefix="/api/v1", description="登记公示与证书 · notices and certificates"
)


@blueprint.get("/register")
@public
@blueprint.arguments(RegisterArgs, location="query")
@blueprint.response(200, RegisterEntryPageOut)
def browse(args):
    """Search the register: by word, place, domain, registrant, state and kind."""
    wanted = Wanted(**{name: value for name, value in args.items() if name not in ("limit", "cursor")})
    query = queries.search(db.session(), wanted, on=clock.today())
    return page(db.session(), query, Registration, newest_first=True)


@blueprint.get("/register/notices")
@public
@blueprint.arguments(NoticeArgs, location="query")
@blueprint.response(200, NoticePageOut)
def browse_notices(args):
    """Read the public notices that run today."""
    return page(db.session(), queries.notices(clock.today(), place=args["place"]), Registration)


@blueprint.get("/register/products/<code>")
@public
@blueprint.response(200, HistoryOut)
def history(code: str):
    """Read the public registrations of a product, and those that it has elsewhere."""
    product, found = queries.history(db.session(), code)
    elsewhere = records.of_product(db.session(), product.id)
    return {"product": product.code, "title": product.title, "registrations": found, "records": elsewhere}


@blueprint.get("/certificates/<code>")
@public
@blueprint.response(200, CertificateOut)
def show(code: str):
    """Check a certificate by its code, in any spelling."""
    return certificate_of(code)


def certificate_of(code: str) -> dict[str, object]:
    """Return what the certificate says today."""
    on = clock.today()
    found = queries.certificate(db.session(), code, on=on)
    names = ("code", "place", "registrant", "product", "kind", "state", "valid_from", "valid_until", "number",
             "product_version", "coded_at", "closed_at")  # fmt: skip
    own = {name: getattr(found, name) for name in names}
    return {
        **own,
        "others": [one.party for one in found.others],
        "records": records.standing(db.session(), found.product_id, on),
        "is_effective": found.is_effective(on),
        "worth": entry_state(found.state, found.valid_from, found.valid_until, on),
        "checked_on": on,
    }
