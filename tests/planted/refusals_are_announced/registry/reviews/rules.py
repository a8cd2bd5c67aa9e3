"""Refusals that a caller meets unprepared."""


def after(state, decision):
    """Return the next state."""
    raise WrongState(state)  # planted


def due(submitted, days):
    """Return the last day.

    Raises:
        NoSuchYear: the holidays of the year are not known.

    Source:
        第八条, and TooLong is never raised.
    """
    if days is None:
        raise NoSuchYear(submitted)
    raise TooLong(days)  # planted


class Clerk:
    """Acts."""

    def file(self):
        """File it."""
        raise ValueError  # planted
