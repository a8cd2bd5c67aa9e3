"""A table as it should be."""


class Review:
    """A review."""

    opinions = relationship(back_populates="review", lazy="raise")
    fee = mapped_column(Money)
