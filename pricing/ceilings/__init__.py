"""Permitted revenue and the caps that must fit inside it."""
