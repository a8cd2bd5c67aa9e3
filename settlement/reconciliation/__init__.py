"""对账: payment provider ↔ orders ↔ ledger ↔ bank, day by day, with inputs that stay remembered."""
