"""采购复核: the second natural person of a buyer without whom an order above its own limit does not bind it."""
