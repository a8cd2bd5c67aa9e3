"""Trying a price from a program: the same answer as the editor's preview, and nothing is written."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, repeats_harmlessly, requires
from kernel.identity import Permission
from kernel.money import fraction
from pricing.editor import queries
from pricing.editor.schemas import PreviewIn, PreviewOut
from pricing.tariffs.checks import Terms
from pricing.tariffs.rules import TariffModel
from registry.products import queries as products

blueprint = ApiBlueprint(
    "tariff_previews", __name__, url_prefix="/api/v1/tariffs/preview", description="价格试算 · trying a price"
)


@blueprint.post("")
@requires(Permission.PRICE_TRY)
@repeats_harmlessly
@blueprint.arguments(PreviewIn)
@blueprint.response(200, PreviewOut)
def preview(preview_in):
    """Say what a price would cost at telling quantities, how far below the cap, and what stands against it."""
    session = db.session()
    product = products.get(session, preview_in["product_id"])
    current_actor().must(Permission.PRICE_TRY, org_id=product.owner_id, place=product.place)
    names = ("regime", "charge_unit", "effective_from", "subject_kind", "buyer_class", "guidance")
    terms = Terms(model=TariffModel.from_dict(preview_in["model"]), **{name: preview_in[name] for name in names})
    return queries.preview(
        session, product, terms, today=clock.today(), book=policy_book(), grade=preview_in["grade"],
        quantities=[fraction(quantity) for quantity in preview_in["quantities"]],
        has_basis=preview_in["value_basis"] is not None,
    )  # fmt: skip
