"""The ways of charging, as a tariff writes them."""
