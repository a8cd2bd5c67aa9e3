"""Commands that nobody will ever know of."""


def decide(session, actor, review_id):  # planted
    """Decide."""
    queries.get(session, review_id).state = "decided"


def withdraw(session, actor, review_id):  # planted
    """Withdraw."""
    _close(session, review_id)


def _close(session, review_id):
    recorder.audit(session, review_id)
