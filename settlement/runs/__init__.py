"""Settlement of one place for one period: prepared by one person, checked by another, sealed, and then unchangeable."""
