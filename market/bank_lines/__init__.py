"""Lines of the bank statement: matched to the fen, or queued with the reason for a person."""
