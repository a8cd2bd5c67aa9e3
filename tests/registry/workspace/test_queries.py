"""How far products have come says what their gates say."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from registry.reviews.rules import ReviewState
from registry.workspace import queries
from tests.make.registry_base import book
from tests.make.registry_products import make_product, make_review, make_sellable


def test_progress_of_many_products_says_what_each_gate_says(session: Session) -> None:
    made = [make_product(session), make_sellable(session), make_product(session)]
    make_review(session, made[2], state=ReviewState.SUBMITTED)
    law = book(demonstration=True)
    found = queries.progress(session, [one.id for one in made], on=date(2026, 7, 16), book=law)
    assert [found[one.id].is_open for one in made] == [False, True, False]
    assert [found[one.id].version_number for one in made] == [1, 1, 1]
    assert found[made[0].id].review is None
    assert found[made[1].id].registration is not None
