"""Totals of use per entitlement and period: one function, three engines, and the archive of closed days behind two."""
