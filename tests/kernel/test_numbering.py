"""Human numbers have no gap and no repeat, whatever fails and whoever runs at the same time."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from sqlalchemy.orm import Session

from kernel import numbering
from kernel.db import Database, write_transaction


@pytest.mark.both_databases
def test_a_rollback_gives_its_number_back(session: Session) -> None:
    on = date(2026, 6, 30)
    with write_transaction(session):
        assert numbering.number(session, "ORD", on) == "ORD-2026-000001"
    with pytest.raises(ZeroDivisionError):
        take_and_fail(session, on)
    with write_transaction(session):
        assert numbering.number(session, "ORD", on) == "ORD-2026-000002"
        assert numbering.number(session, "ORD", date(2027, 1, 1)) == "ORD-2027-000001"


def take_and_fail(session: Session, on: date) -> None:
    with write_transaction(session):
        assert numbering.number(session, "ORD", on) == "ORD-2026-000002"
        raise ZeroDivisionError


@pytest.mark.both_databases
def test_threads_that_fail_now_and_then_leave_neither_gaps_nor_repeats(database_url: str) -> None:
    database = Database(database_url)
    taken: list[int] = []

    def work(worker: int) -> None:
        for turn in range(15):
            with database.new_session() as session:
                try:
                    with write_transaction(session):
                        number = numbering.take(session, "X")
                        if (turn + worker) % 5 == 0:
                            raise ZeroDivisionError
                    taken.append(number)
                except ZeroDivisionError:
                    continue

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.engine.dispose()
    assert sorted(taken) == list(range(1, 4 * 15 - 12 + 1))
