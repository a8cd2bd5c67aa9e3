"""Several products for one price: never dearer than their caps together, and never the only way to buy one of them."""
