"""The public register: notices, search, and certificates whose codes cannot be guessed or mistyped."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from registry.codes.rules import CodeMistyped, registration_code
from registry.public_register import queries
from registry.registrations.model import Registration
from registry.registrations.queries import NoSuchRegistration
from registry.registrations.rules import RegistrationState
from tests.make.registry_products import make_product, make_registration, make_review

ON = date(2026, 7, 16)


def registered(session: Session, state: RegistrationState = RegistrationState.CODED, **changed: str) -> Registration:
    """A registration as far as ``state``."""
    made = make_product(session, **changed)
    make_review(session, made)
    return make_registration(session, made, state=state)


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
        on: [one.id for one in queries.notices(session, on)]
        for on in (date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 15), date(2026, 7, 16))
    }
    assert list(shown.values()) == [[], [found.id], [found.id], []]
    assert queries.notices(session, date(2026, 7, 2), place="puer") == []
    assert queries.notice(session, found.id) is found


def test_what_was_never_on_notice_is_not_shown(session: Session) -> None:
    found = registered(session, RegistrationState.ACCEPTED)
    with pytest.raises(NoSuchRegistration):
        queries.notice(session, found.id)


@pytest.mark.both_databases
def test_the_register_is_searched_by_product_registrant_and_code(session: Session) -> None:
    found, other = registered(session, title="气象服务指数"), registered(session, title="普惠信用100%分")
    assert {one.id for one in queries.register(session)} == {found.id, other.id}
    assert found.code is not None
    for words in ("气象", "气象 指数", found.code, found.code[-8:].lower()):
        assert [one.id for one in queries.register(session, q=words)] == [found.id], words
    assert queries.register(session, q="气象 信用") == []
    assert [one.id for one in queries.register(session, q="100%")] == [other.id]
    assert queries.register(session, q="_") == []
    assert queries.register(session, place="puer") == []
