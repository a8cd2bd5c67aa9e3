"""Holds: what of a paid order is not settled yet, because its count does not stand or its amount is in dispute."""
