"""One call of the data plane: what it meets, what it takes, and how it is counted once."""
