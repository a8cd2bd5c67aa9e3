"""Platform interfaces for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from market.gateways import commands, gateway, queries
from market.gateways.schemas import GatewayIn, GatewayMadeOut, GatewayOut, GatewayStateOut
from registry.products import queries as products

blueprint = ApiBlueprint("gateways", __name__, url_prefix="/api/v1/products", description="平台接口 · gateways")


@blueprint.post("/<code>/gateway")
@requires(Permission.GATEWAY_WRITE)
@blueprint.arguments(GatewayIn)
@blueprint.response(201, GatewayMadeOut)
def register(gateway_in, code: str):
    """Let your platform serve the product; the answer shows the secret once."""
    with db.transaction() as session:
        made, secret = commands.register(
            session, current_actor(), code=code, **gateway_in, key=gateway.key_of_application(),
            admitted=gateway.outside().admitted, now=clock.now(),
        )  # fmt: skip
    return {**{name: getattr(made, name) for name in GatewayOut().fields}, "secret": secret}


@blueprint.post("/<code>/gateway/stop")
@requires(Permission.GATEWAY_WRITE)
@blueprint.response(200, GatewayOut)
def stop(code: str):
    """Let the marketplace serve the product from the loaded data again."""
    with db.transaction() as session:
        return commands.stop(session, current_actor(), code=code, now=clock.now())


@blueprint.get("/<code>/gateway")
@requires(Permission.GATEWAY_WRITE)
@blueprint.response(200, GatewayStateOut)
def show(code: str):
    """Read who serves the product, and whether the platform answers."""
    session, actor = db.session(), current_actor()
    product = products.visible(session, actor, code)
    actor.must(Permission.GATEWAY_WRITE, org_id=product.owner_id, place=product.place)
    history = queries.of_product(session, product.id)
    circuit = queries.circuit(session, product.id) if history else None
    return {
        "current": queries.current(session, product.id), "history": history,
        "circuit": circuit and circuit.state, "failures": circuit.failures if circuit else 0,
        "changed_at": circuit and circuit.changed_at,
    }  # fmt: skip
