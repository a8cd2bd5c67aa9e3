"""What comes back after it was divided: taken off what is still owed, and after payout a receivable of the party."""
