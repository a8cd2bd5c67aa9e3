"""Evidence of an electronic seal is kept by its digest under one's own signature, for the two sides and auditors."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from kernel.files import FileRefused
from kernel.identity import Role
from market.contracts import commands, queries
from market.contracts.rules import ContractType, NotSignedYet, SealKind, SealRefused
from market.orders.model import Order
from registry.parties.model import Party
from registry.products import queries as products
from tests.make import market as make
from tests.make import registry_base as base

PDF = b"%PDF-1.7 sealed"
LATER = make.SALE + timedelta(minutes=1)


@pytest.fixture
def buyer(session):
    """Somebody who buys."""
    return make.buyer_of(session)


@pytest.fixture
def contract(session, buyer):
    """A contract that the buyer alone has signed."""
    order = make.make_order(session, make.make_offer(session), buyer)
    found = queries.of_order(session, order.id)
    commands.sign(session, buyer, found.id, sha256=found.sha256, now=make.SALE, book=make.LAW)
    return found


def attach(session, person, contract, content=PDF, name="合同.pdf", **changed):
    values = {"kind": SealKind.SEALED_DOCUMENT, "statement": "某电子认证机构签发", "sealed_at": make.SALE, "now": LATER}
    file = {"name": name, "media_type": "text/html", "content": content}
    return commands.attach_seal(session, person, contract.id, file=file, **(values | changed))


@pytest.mark.both_databases
def test_the_evidence_is_named_by_its_content_and_never_changed(session, buyer, contract):
    made = attach(session, buyer, contract, service="某签名服务", certificate_serial="01AB")
    assert made.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (made.side, made.media_type, made.size_bytes) == ("buyer", "application/pdf", len(PDF))
    assert attach(session, buyer, contract).id == made.id
    session.commit()
    made.statement = "另一说明"
    with pytest.raises(DBAPIError):
        session.flush()
    session.rollback()


@pytest.mark.parametrize(
    ("kind", "content"),
    [(SealKind.SEALED_DOCUMENT, b"<html>"), (SealKind.SEALED_DOCUMENT, b"-----BEGIN CERTIFICATE-----"),
     (SealKind.CERTIFICATE, PDF), (SealKind.SEALED_DOCUMENT, b"")],
)  # fmt: skip
def test_a_file_is_what_it_begins_with_and_not_what_it_is_called(session, buyer, contract, kind, content):
    with pytest.raises(SealRefused):
        attach(session, buyer, contract, content, kind=kind)


@pytest.mark.parametrize("content", [b"-----BEGIN CERTIFICATE-----\nMII", b"-----BEGIN PKCS7-----\nMII", b"0\x82\x01"])
def test_certificates_are_kept_as_pem_and_der(session, buyer, contract, content):
    assert attach(session, buyer, contract, content, "a.cer", kind=SealKind.CERTIFICATE).kind is SealKind.CERTIFICATE


def test_too_large_a_file_and_an_impossible_moment_are_refused(session, buyer, contract):
    with pytest.raises(FileRefused):
        attach(session, buyer, contract, PDF + b"x" * (10 * 1024 * 1024))
    for moment in (make.SALE - timedelta(seconds=1), LATER + timedelta(seconds=1)):
        with pytest.raises(SealRefused):
            attach(session, buyer, contract, sealed_at=moment)


def test_a_seal_belongs_to_ones_own_signature(session, buyer, contract):
    seller = base.actor(Role.MERCHANT, org_id=contract.seller_id, place=contract.place)
    with pytest.raises(NotSignedYet):
        attach(session, seller, contract)
    with pytest.raises(commands.NotAParty):
        attach(session, base.actor(Role.SUPERVISOR, place=contract.place), contract)
    with pytest.raises(queries.NoSuchContract):
        attach(session, make.buyer_of(session), contract)


def test_only_the_two_sides_and_auditors_of_the_place_see_it(session, buyer, contract):
    made = attach(session, buyer, contract)
    seller = base.actor(Role.MERCHANT, org_id=contract.seller_id, place=contract.place)
    for person in (buyer, seller, base.actor(Role.AUDITOR, place=contract.place)):
        assert queries.seal(session, person, made.id).id == made.id
    for person in (base.supervisor(), make.buyer_of(session), base.actor(Role.AUDITOR, place="futian")):
        assert queries.seals(session, person, contract) == []
        with pytest.raises(queries.NoSuchSeal):
            queries.seal(session, person, made.id)


def test_a_buyer_whose_own_data_is_processed_signs_another_kind_of_contract(session, buyer):
    product = make.make_offer(session)
    version = products.latest_version(session, product.id)
    given = [one.resource.source_department_id for one in products.inputs(session, version.id)]
    order = Order(buyer_id=given[0], version_id=version.id)
    alone = all(one == given[0] for one in given)
    wanted = ContractType.ENTRUSTED_PROCESSING if alone else ContractType.FUSION_DEVELOPMENT
    assert queries.kind_of(session, order) is wanted
    assert queries.kind_of(session, Order(buyer_id=buyer.org_id, version_id=version.id)) is ContractType.PROVISION
    assert session.get_one(Party, given[0]).name
