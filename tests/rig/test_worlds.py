"""Remembered worlds: the same rows as a real build, only where nothing happened before, and never shared."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from registry.parties.rules import Capacity
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.rig import worlds


def actions(session: Session) -> list[str]:
    """What the audit says was done, in order."""
    return list(session.scalars(sa.select(audit.AuditLine.action).order_by(audit.AuditLine.id)))


def test_a_copied_world_holds_what_a_real_build_leaves(session: Session) -> None:
    base.make_party(session, Capacity.BUYER)  # something happened: from here on builders build
    first = len(actions(session))
    registry.make_product.__wrapped__(session)  # type: ignore[attr-defined]
    built = actions(session)[first:]
    session.rollback()
    registry.make_product(session)
    assert actions(session) == built


def test_what_one_test_does_to_its_world_is_not_seen_by_the_next(session: Session) -> None:
    product = registry.make_product(session)
    product.title = "改过的名称"
    session.commit()
    again = worlds._worlds[("tests.make.registry_products", "make_product", "[]", "[]")]
    other = sa.create_engine(f"sqlite:///{again.file}")
    with other.connect() as connection:
        assert not connection.scalar(sa.text("SELECT count(*) FROM registry_product WHERE title = '改过的名称'"))
    other.dispose()


def test_a_row_as_argument_or_a_used_database_makes_builders_build(session: Session) -> None:
    agreement = base.make_agreement(session)
    before = len(worlds._worlds)
    first = registry.make_product(session, agreement=agreement)
    second = registry.make_product(session)
    assert first.id != second.id
    assert first.agreement_id == agreement.id
    assert len(worlds._worlds) == before
