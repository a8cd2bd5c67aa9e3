"""Earnings: what one order earned in a period, what of it waits and why."""
