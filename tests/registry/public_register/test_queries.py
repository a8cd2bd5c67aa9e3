"""The public register: notices, search, and certificates whose codes cannot be guessed or mistyped."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from registry.codes.rules import CodeMistyped, registration_code
from registry.products.model import Product
from registry.public_register import queries
from registry.public_register.rules import EntryState
from registry.registrations.model import Registration
from registry.registrations.queries import NoSuchRegistration
from registry.registrations.rules import RegistrationKind, RegistrationState
from tests.make.closings import revoke
from tests.make.registry_products import make_product, make_registration, make_review

ON = date(2026, 7, 16)


def registered(session: Session, state: RegistrationState = RegistrationState.CODED, **changed: str) -> Registration:
    """A registration as far as ``state``."""
    made = make_product(session, **changed)
    make_review(session, made)
    return make_registration(session, made, state=state)


def searched(session: Session, on: date = ON, **wanted: Any) -> set[UUID]:
    """What a search finds."""
    return {one.id for one in session.scalars(queries.search(session, queries.Wanted(**wanted), on=on))}


def test_a_certificate_is_found_in_any_spelling_of_its_code(session: Session) -> None:
    code = registered(session).code
    assert code is not None
    for spelling in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert queries.certificate(session, spelling, on=ON).code == code


def test_a_mistyped_code_and_a_forged_one_are_told_apart(session: Session) -> None:
    code = registered(session).code
    assert code is not None
    with pytest.raises(CodeMistyped, match="校验位不符"):
        queries.certificate(session, code[:-1] + ("0" if code[-1] != "0" else "1"), on=ON)
    forged = registration_code("330624", 2026, 999)
    with pytest.raises(queries.NoSuchCertificate, match="伪造"):
        queries.certificate(session, forged, on=ON)


@pytest.mark.both_databases
def test_notices_are_shown_from_their_first_to_their_last_day(session: Session) -> None:
    found = registered(session, RegistrationState.PUBLIC_NOTICE)
    registered(session, RegistrationState.ACCEPTED)
    shown = {
        on: [one.id for one in session.scalars(queries.notices(on))]
        for on in (date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 15), date(2026, 7, 16))
    }
    assert list(shown.values()) == [[], [found.id], [found.id], []]
    assert session.scalars(queries.notices(date(2026, 7, 2), place="puer")).all() == []
    assert queries.notice(session, found.id) is found


def test_what_was_never_on_notice_is_not_shown(session: Session) -> None:
    found = registered(session, RegistrationState.ACCEPTED)
    with pytest.raises(NoSuchRegistration):
        queries.notice(session, found.id)


@pytest.mark.both_databases
def test_the_register_is_searched_by_product_registrant_and_code(session: Session) -> None:
    found, other = registered(session, title="气象服务指数"), registered(session, title="普惠信用100%分")
    assert searched(session) == {found.id, other.id}
    assert found.code is not None
    owner, product = found.registrant, found.product
    codes = (found.code, found.code[-8:].lower(), found.number, owner.uscc)
    for words in ("气象", "气象 指数", "象服", "气", *codes):
        assert searched(session, q=words) == {found.id}, words
    assert found.id in searched(session, q=owner.name)  # "数据商 1" are two words, and the second may stand elsewhere
    assert searched(session, q="气象 信用") == set()
    assert searched(session, q="象气") == set()
    assert searched(session, q="100%") == {other.id}
    assert searched(session, q="信用 ,_%") == set()
    for wanted in ({"registrant": owner.uscc.lower()}, {"registrant": owner.name}):
        assert searched(session, **wanted) == {found.id}, wanted
    assert searched(session, domain=product.domain) == {found.id, other.id}
    assert searched(session, domain="别的") == searched(session, place="puer") == set()
    assert searched(session, place="xinchang", kind=RegistrationKind.FIRST) == {found.id, other.id}
    assert searched(session, kind=RegistrationKind.CHANGE) == set()


@pytest.mark.both_databases
def test_entries_are_found_by_what_they_are_worth_on_the_day(session: Session) -> None:
    found, other = registered(session), registered(session)
    revoke(session, other.id)
    session.flush()
    worth = {
        EntryState.EFFECTIVE: date(2028, 6, 30), EntryState.NOT_YET: date(2026, 7, 15),
        EntryState.EXPIRED: date(2028, 7, 1),
    }  # fmt: skip
    for on in worth.values():
        for state in EntryState:
            expected = {found.id} if worth.get(state) == on else {other.id} if state is EntryState.REVOKED else set()
            assert searched(session, on, state=state) == expected, (on, state)


def test_the_history_of_a_product_shows_what_is_public_and_nothing_else(session: Session) -> None:
    found = registered(session)
    code = session.get_one(Product, found.product_id).code
    product, history = queries.history(session, code.lower())
    assert (product.id, [one.id for one in history]) == (found.product_id, [found.id])
    sanction = revoke(session, found.id)
    session.flush()
    assert [one.id for one in queries.history(session, product.code)[1]] == [sanction.id, found.id]
    hidden = registered(session, RegistrationState.ACCEPTED)
    for code in (session.get_one(Product, hidden.product_id).code, "PRD-X"):
        with pytest.raises(NoSuchRegistration, match="没有产品"):
            queries.history(session, code)
