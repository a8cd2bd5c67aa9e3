"""History worked out again: sealed settlements from what they took, later months as a dry run would."""
