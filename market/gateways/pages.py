"""Where the seller's platform is: one page per API product."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, requires, words_of
from kernel.identity import Permission
from market.gateways import commands, gateway, queries
from market.gateways.rules import CIRCUIT_TITLES
from market.gateways.schemas import GatewayIn
from registry.products import queries as products

blueprint = Blueprint("gateway_pages", __name__, template_folder="../templates")


@blueprint.route("/products/<code>/gateway", methods=["GET", "POST"])
@requires(Permission.GATEWAY_WRITE)
def edit(code: str) -> AnyResponse:
    """Show who serves the product, and let a platform serve it."""
    form = Form(GatewayIn, {"seconds_max": 10, "bytes_max": 1024 * 1024, "failures_max": 5, "pause_seconds": 30})
    if request.method == "GET":
        return _page(code, form)
    if not form.accepts():
        return _page(code, form, status=422)
    try:
        with db.transaction() as session:
            _made, secret = commands.register(
                session, current_actor(), code=code, **form.data, key=gateway.key_of_application(),
                admitted=gateway.outside().admitted, now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _page(code, form, status=error.status)
    return _page(code, form, secret=secret)


@blueprint.post("/products/<code>/gateway/stop")
@requires(Permission.GATEWAY_WRITE)
def stop(code: str) -> AnyResponse:
    """Let the marketplace serve the product again."""
    with db.transaction() as session:
        commands.stop(session, current_actor(), code=code, now=clock.now())
    flash(gettext("已停用平台接口，改由本平台已装载的数据提供。"), "success")
    return redirect(url_for("gateway_pages.edit", code=code), code=303)


def _page(code: str, form: Form, *, secret: str = "", status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    product = products.visible(session, actor, code)
    actor.must(Permission.GATEWAY_WRITE, org_id=product.owner_id, place=product.place)
    history = queries.of_product(session, product.id)
    circuit = queries.circuit(session, product.id) if history else None
    text = render_template(
        "market/gateways/gateway.html", product=product, form=form, secret=secret, history=history,
        current=queries.current(session, product.id), circuit=circuit,
        circuit_title=gettext(CIRCUIT_TITLES[circuit.state]) if circuit else "", refusal=words_of(form.problem),
    )  # fmt: skip
    return make_response(text, status)
