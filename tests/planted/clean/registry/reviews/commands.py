"""Commands as they should be."""

from kernel import audit
from kernel.calendar import business_date


def decide(session, actor, review_id, *, decision, now):
    """Decide.

    Raises:
        WrongState: the review is closed.
    """
    review = queries.get(session, review_id, lock=True)
    if review.closed:
        raise WrongState(review)
    try:
        review.decided_on = business_date(now)
    except KeyError:
        raise
    _record(session, actor, review, now)


def withdraw(session, actor, review_id, *, now):
    """Withdraw."""
    decide(session, actor, review_id, decision="withdrawn", now=now)


def _record(session, actor, review, now):
    with session.begin_nested():
        audit.record(session, actor, "review.decide", review, at=now)
