"""Recognition: of every order, what was paid, invoiced, given back, earned, and what later months will earn."""
