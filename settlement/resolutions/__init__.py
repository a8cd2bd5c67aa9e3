"""What became of a payout whose fate nobody told us: proposed with evidence by one person, confirmed by another."""
