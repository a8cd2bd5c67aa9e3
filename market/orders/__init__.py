"""From quote to order: a price with its explanation and its expiry, then a firm purchase for one declared purpose."""
