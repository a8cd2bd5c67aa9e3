"""Closing a month of a place: a checklist of what stands in the way, two people, and afterwards nothing is written."""
