"""What the provider, the orders, the ledger and the bank say, as items that can be matched."""
