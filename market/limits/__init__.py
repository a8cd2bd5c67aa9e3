"""How often a buyer may call: limits by contract, for a product and for one entitlement."""
