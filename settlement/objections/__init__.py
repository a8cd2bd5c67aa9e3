"""Objections of source departments to their contribution figures; an objection freezes its own lines only."""
