"""The moment of the stories told through HTTP: the same as in the objects made for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from kernel import clock, db
from tests.make import market as make


@pytest.fixture
def told() -> Iterator[None]:
    """The clock of the application stands at :data:`make.SALE`."""
    with clock.set_to(make.SALE):
        yield


@pytest.fixture
def made(app: Flask, told: None) -> Callable[..., Any]:
    """Call a make function in a transaction of the application and keep what it returns."""

    def call(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with app.app_context(), db.transaction() as session:
            return function(session, *args, **named)

    return call
