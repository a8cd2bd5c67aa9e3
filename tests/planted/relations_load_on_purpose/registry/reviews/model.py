"""Relations that query whenever a template looks at them."""


class Review:
    """A review."""

    opinions = relationship(back_populates="review")  # planted
    product = orm.relationship(lazy="selectin")  # planted
    answers = relationship(lazy="raise")
