"""Ageing: how old what is owed and what is claimed was on a day, by the ledger."""
