"""Which one was it."""


def two_orders(place):  # planted
    """Place two."""
    order1 = place()
    order2 = place()
    return order1, order2


def two_quotes(place):  # planted
    """Quote two."""
    quote_1, quote_2 = place(), place()
    return quote_1, quote_2
