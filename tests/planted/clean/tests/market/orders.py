"""A test as it should be."""

import pytest


@pytest.mark.both_databases
def an_order(monkeypatch):
    monkeypatch.setenv("HUIYI_ENV", "test")
    sha256, sm3, first, second = digest(), digest(), order(), order()
    order1 = first
    return sha256, sm3, second, order1
