"""Money that goes back: refunds by the way the money came, and disputes of the payer's bank as facts."""
