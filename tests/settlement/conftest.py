"""The worked example of REV-04 behind the running application, on the second day of September 2026."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from kernel import clock, db
from tests.make import market
from tests.make import settlement as make


@pytest.fixture
def september() -> Iterator[None]:
    """The clock of the process stands at the moment at which August is settled."""
    with clock.set_to(make.NOW):
        yield


@pytest.fixture
def world(app: Flask, september: None) -> make.World:
    """Two products on sale, bought and with data behind them."""
    with app.app_context(), db.transaction() as session:
        made = make.make_world(session)
        market.load_data(session, made.scores, [{"key": "913306240000000001", "score": "712", "level": "A"}])
    return made
