"""A route as it should be."""

from kernel import clock, db


def decide(decision_in, review_id):
    if review_id is None:
        raise NotFound(review_id)
    with db.transaction() as session:
        return commands.decide(session, current_actor(), review_id, **decision_in, now=clock.now())
