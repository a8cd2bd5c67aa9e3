"""The auditors find wrong codes and joined capacities."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.parties import checks
from registry.parties.model import Party, PartyCapacity
from registry.parties.rules import Capacity
from tests.make import registry_base as make

ON = date(2026, 7, 1)


def test_wrong_codes_and_joined_capacities_are_found(session: Session) -> None:
    both = (Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT)
    make.make_party(session, *both, place="puer")
    operator = make.make_operator(session, place="guangzhou")
    wrong = make.make_party(session, Capacity.BUYER)
    assert checks.run(session, book=make.book(), on=ON) == []
    session.add(
        PartyCapacity(party_id=operator.id, capacity=Capacity.DATA_MERCHANT, place="guangzhou", added_at=make.NOW)
    )
    session.execute(sa.update(Party).where(Party.id == wrong.id).values(uscc="123456789012345679"))
    first, second = checks.run(session, book=make.book(), on=ON)
    assert first == f"{wrong.name} 的统一社会信用代码 123456789012345679 不正确"
    assert second.startswith(f"{operator.name}：广州市实行运商分离")
