"""Webhooks out: state changes told to the programs of buyers, sellers and departments, signed and repeated."""
