"""Trading venues: where the rules of a place let a product be offered."""
