"""Remembered worlds: the same rows as a real build, only where nothing happened before, and never shared."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import Database
from registry.parties.rules import Capacity
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.rig import databases as rig
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
    again = worlds._worlds["sqlite", "tests.make.registry_products", "make_product", "[]", "[]"]
    other = sa.create_engine(f"sqlite:///{again.where}")
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


@pytest.mark.postgresql_only
def test_on_postgresql_too_copies_hold_what_was_built_and_belong_to_one_test(
    databases: rig.Databases, database_kind: str
) -> None:
    found: list[tuple[list[str], UUID, str]] = []
    for _turn in range(3):
        database = Database(url := databases.fresh(database_kind))
        with database.new_session() as session:
            product = registry.make_product(session)
            found.append((actions(session), product.id, product.title))
            product.title = "改过的名称"
            session.commit()
        database.engine.dispose()
        databases.discard(url)
    first, *others = found
    assert others == [first, first]


def test_a_world_is_built_once_for_all_workers_of_a_run(session: Session) -> None:
    agreement = base.make_agreement(session)
    mine = dict(worlds._worlds)
    worlds._worlds.clear()  # as another worker that has asked for nothing yet
    engine = session.get_bind()
    assert isinstance(engine, sa.Engine)

    def never(_session: Session) -> None:
        raise AssertionError("it was built before")

    (key,) = [key for key in mine if key[2] == "make_agreement" and key[3:] == ("[]", "[]")]
    found = worlds.world_of(engine.url, key, never)
    worlds._worlds.update(mine)
    assert found is not None
    assert found == mine[key]
    assert agreement.id in [
        row.id for row in (found.returned if isinstance(found.returned, tuple) else [found.returned])
    ]
