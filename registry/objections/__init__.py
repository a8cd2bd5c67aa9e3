"""Objections during the public notice: real name, evidence, recheck, outcome (REG-06)."""
