"""Registering a platform's address, and moving its circuit."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.addresses import Admitted, checked_target
from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from market.gateways import queries
from market.gateways.model import Gateway, GatewayCircuit
from market.gateways.rules import Circuit, CircuitEvent, after, is_asked, outcome, secret_of
from registry.products import queries as products
from registry.products.model import Product
from registry.products.rules import DeliveryForm


class NotAnInterface(Conflict):
    """Only API products are served by a platform."""

    code = "gateway.not_an_interface"


def register(
    session: Session,
    actor: Actor,
    *,
    code: str,
    url: str,
    seconds_max: int,
    bytes_max: int,
    failures_max: int,
    pause_seconds: int,
    key: bytes,
    admitted: tuple[Admitted, ...],
    now: datetime,
) -> tuple[Gateway, str]:
    """Let a platform serve an API product from now on; return the registration and the secret, shown once.

    Raises:
        NoSuchProduct: there is no such product.
        NotAllowed: the actor does not act for the seller.
        NotAnInterface: the product is delivered as files or reports.
        AddressRefused: the address is not one that this platform may call.
    """
    product = _own(session, actor, code)
    if product.delivery_form is not DeliveryForm.API:
        raise NotAnInterface(
            f"产品 {product.code} 以文件或报告方式交付，没有接口；请上传文件", detail_en=f"{product.code} is no API"
        )
    checked_target(url, admitted=admitted)
    identity = new_id()
    secret = secret_of(key, str(identity))
    made = Gateway(
        id=identity, product_id=product.id, sequence=_next(session, product), is_active=True, url=url.rstrip("/"),
        secret_sha256=hashlib.sha256(secret.encode()).hexdigest(), seconds_max=seconds_max, bytes_max=bytes_max,
        failures_max=failures_max, pause_seconds=pause_seconds, registered_at=now, registered_by=actor.id,
        registered_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    found = session.get(GatewayCircuit, product.id, with_for_update=True)
    if found is None:
        session.add(GatewayCircuit(product_id=product.id, state=Circuit.CLOSED, failures=0, changed_at=now))
    else:
        found.state, found.failures, found.changed_at = Circuit.CLOSED, 0, now  # a new address begins anew
    session.flush()
    audit.record(session, actor, "gateway.register", made, at=now, note=product.code, detail={"url": made.url})
    return made, secret


def stop(session: Session, actor: Actor, *, code: str, now: datetime) -> Gateway:
    """Let no platform serve the product any more; the marketplace serves what was loaded.

    Raises:
        NoSuchProduct: there is no such product.
        NotAllowed: the actor does not act for the seller.
        NoSuchGateway: no platform serves it.
    """
    product = _own(session, actor, code)
    last = queries.current(session, product.id)
    if last is None:
        raise queries.NoSuchGateway(f"产品 {code} 没有启用的平台接口", detail_en=f"No platform serves {code}")
    made = Gateway(
        product_id=product.id, sequence=last.sequence + 1, is_active=False, url=last.url,
        secret_sha256=last.secret_sha256, seconds_max=last.seconds_max, bytes_max=last.bytes_max,
        failures_max=last.failures_max, pause_seconds=last.pause_seconds, registered_at=now, registered_by=actor.id,
        registered_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "gateway.stop", made, at=now, note=product.code)
    return made


def admit(session: Session, actor: Actor, gateway: Gateway, *, now: datetime) -> None:
    """Let one call through the circuit; the one that comes after a pause finds out whether the platform is back.

    Raises:
        Unavailable: the platform is being left alone, or another call is finding out.
    """
    health = queries.circuit(session, gateway.product_id).health
    if is_asked(health, gateway.terms, now) is None:
        return
    circuit = queries.circuit(session, gateway.product_id, lock=True)  # of several that come now, one probes
    event = is_asked(circuit.health, gateway.terms, now)
    if event is not None:
        _move(session, actor, circuit, event, now)


def conclude(session: Session, actor: Actor, product_id: UUID, *, is_good: bool, now: datetime) -> None:
    """Note how a call ended; failures in a row leave the platform alone for a while."""
    seen = queries.circuit(session, product_id).health
    if is_good and seen.state is Circuit.CLOSED and not seen.failures:
        return
    gateway, circuit = queries.current(session, product_id), queries.circuit(session, product_id, lock=True)
    if gateway is None:
        return
    event = outcome(circuit.health, gateway.terms, is_good=is_good)
    circuit.failures = 0 if is_good else circuit.failures + 1
    _move(session, actor, circuit, event, now)


def _move(session: Session, actor: Actor, circuit: GatewayCircuit, event: CircuitEvent, now: datetime) -> None:
    before = circuit.state
    circuit.state = after(before, event)
    if circuit.state is not before or event is CircuitEvent.LOST:
        circuit.changed_at = now
        audit.record(session, actor, f"gateway.{circuit.state}", ("market_gateway_circuit", str(circuit.product_id)),
                     at=now, detail={"failures": circuit.failures})  # fmt: skip
    session.flush()


def _own(session: Session, actor: Actor, code: str) -> Product:
    product = products.get(session, products.by_code(session, code).id, lock=True)
    actor.must(Permission.GATEWAY_WRITE, org_id=product.owner_id, place=product.place)
    return product


def _next(session: Session, product: Product) -> int:
    found = queries.of_product(session, product.id)
    return found[0].sequence + 1 if found else 1
