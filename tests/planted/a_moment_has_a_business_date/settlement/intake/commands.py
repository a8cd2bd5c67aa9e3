"""The day in London."""

from kernel import audit


def take_in(session, actor, payment, *, now):
    """Take in."""
    audit.record(session, actor, "take_in", payment, at=now)
    return payment.captured_at.date(), now.date()  # planted  # planted
