"""结算到账: credits of the bank that are the payment provider's payouts, recognised by reference or by a person."""
