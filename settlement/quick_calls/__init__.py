"""A call that is in order, in one statement that is a transaction of its own (PostgreSQL)."""
