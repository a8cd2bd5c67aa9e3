"""A read that writes."""


def mine(session):
    """Return mine."""
    session.commit()  # planted
