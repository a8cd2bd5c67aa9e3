"""Which rules of arithmetic an amount came about by; named in every quote. Pure."""

# how amounts come about; stored with every quote, and raised whenever the same inputs would give another amount
RULE_VERSION = "rating-1"
ROUNDING = "order_total_half_up_fen"  # once, on the total of the order, halves up to the fen
