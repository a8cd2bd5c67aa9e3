"""价目公示: what is charged, what may be charged at most, and what was so on any day before; open to everybody."""
