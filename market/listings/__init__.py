"""The catalogue: what is offered, at what price, and who may see it."""

# A binary double carries 15 certain decimal digits; longer prices were computed, not set.
DOUBLE_DIGITS = 15

# the source turns prices per day into prices per year with this many days
COMMON_YEAR_DAYS = 365
