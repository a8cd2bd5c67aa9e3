"""Agreements on a real database."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from registry.agreements.rules import AgreementState
from tests.make import registry_base as make


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["quzhou", "futian", "puer", "xinchang", "guangzhou"])
def test_an_agreement_becomes_active_at_every_place(session: Session, place: str) -> None:
    agreement = make.make_agreement(session, place=place)
    assert agreement.state is AgreementState.ACTIVE
    assert agreement.in_force(make.TERM[0])
