"""Booking the root of a period with its seal."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor
from settlement.roots import queries
from settlement.roots.model import PeriodRoot, RootPart
from settlement.roots.rules import Sealed, tree_over

SALT_BYTES = 32
LEAVES_AT_ONCE = 4_096


def bind(session: Session, actor: Actor, run: Sealed, *, now: datetime) -> PeriodRoot:
    """Book both roots of a settlement that is sealed in this transaction; a second time, return the first ones.

    The seal itself asks for it, so nobody is asked again whether the actor may.
    """
    known = queries.root_of(session, run.id)
    if known is not None:
        return known
    salt = secrets.token_hex(SALT_BYTES)
    journal = queries.new_entries(session, run.place)
    tree = tree_over(queries.leaves(session, run, journal), salt)
    made = PeriodRoot(
        run_id=run.id, run_number=run.number, place=run.place, period_start=run.period_start,
        period_end=run.period_end, journal=journal, leaf_count=tree.size, salt=salt, sha256=tree.root("sha256"),
        sm3=tree.root("sm3"), made_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add_all(
        RootPart(
            root_id=made.id, part=part,
            **{name: b"".join(hashes[at : at + LEAVES_AT_ONCE]) for name, hashes in tree.hashes.items()},
        )
        for part, at in enumerate(range(0, tree.size, LEAVES_AT_ONCE))
    )  # fmt: skip
    audit.record(
        session, actor, "settlement.root", ("settlement_run", str(run.id)), at=now, note=run.number,
        detail={"leaves": made.leaf_count, "sha256": made.sha256, "sm3": made.sm3},
    )  # fmt: skip
    return made
