"""Commands that nobody gives."""

from kernel import audit


def close(session, review_id, *, now):  # planted
    """Close it."""
    audit.record(session, None, "review.close", review_id, at=now)


def reopen(actor, session, review_id, *, now):  # planted
    """Reopen it."""
    audit.record(session, actor, "review.reopen", review_id, at=now)


def sweep(session, *, actor, now):  # planted
    """Sweep."""
    audit.record(session, actor, "review.sweep", None, at=now)
