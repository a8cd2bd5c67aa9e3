"""Closing a registration without an application of its registrant: one registrar asks, another one confirms."""
