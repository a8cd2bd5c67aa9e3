"""A command that ends the caller's transaction."""

from kernel import audit, db


def place(session, actor, quote):
    """Place it."""
    session.add(quote)
    session.commit()  # planted
    with db.transaction() as other:  # planted
        audit.record(other, actor, "order.place", quote)
    if quote.is_void:
        session.rollback()  # planted
    with session.begin():  # planted
        session.add(quote)
