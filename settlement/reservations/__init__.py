"""Calls that another platform answers: a unit is put aside before, and counted or given back when the end is known."""
