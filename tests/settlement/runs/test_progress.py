"""Who waits for a settlement sees how far it is."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kernel import progress
from kernel.progress import Progress, ProgressState
from tests.make import settlement as make


def test_preparing_and_sealing_say_how_far_they_are(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 2)
    told: list[Progress] = []
    with progress.watched_by(told.append):
        run = make.settle(session)
    ended = [one for one in told if one.state is ProgressState.DONE]
    assert [(one.name, one.done, one.total) for one in ended] == [
        ("settlement.prepare", 2, 2),
        ("settlement.seal", 4, 4),
    ]
    assert ended[1].about == run.number
    assert [one.message for one in told if one.message][:3] == ["试算", "记账", "出单"]
