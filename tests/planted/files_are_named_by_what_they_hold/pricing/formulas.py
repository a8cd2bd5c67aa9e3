"""Formulas that belong to no concept."""  # planted
