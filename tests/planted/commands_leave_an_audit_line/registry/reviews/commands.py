"""Commands that nobody will ever know of."""


def decide(session, actor, review_id):  # planted
    """Decide."""
    queries.get(session, review_id).state = "decided"


def withdraw(session, actor, review_id):  # planted
    """Withdraw."""
    _close(session, review_id)


def _close(session, review_id):
    recorder.audit(session, review_id)


def count(session, actor, review_id):
    """Count in one statement that writes the line as well."""
    queries.counting(review_id, **audit.values(actor, "review.count", ("review", review_id)))


def forget(session, actor, review_id):  # planted
    """Forget, with values of something else."""
    queries.counting(review_id, **dict.values(actor))
