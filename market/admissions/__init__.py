"""Whether a quote may be ordered now: every gate, the price and the facts of the contract in one statement."""
