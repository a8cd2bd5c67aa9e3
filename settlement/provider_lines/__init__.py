"""支付机构明细: what the payment provider says it moved, line by line, kept as it was delivered."""
