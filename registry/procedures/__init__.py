"""The procedures that are reviewed, the kinds of seats in them, and who may sit there."""
