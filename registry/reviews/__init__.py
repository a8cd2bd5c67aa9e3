"""The review engine of every procedure: seats in order and in parallel, opinions that stay, appeal."""
