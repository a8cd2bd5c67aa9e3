"""Corrections: what an upheld objection moves between the parties of a pool whose period is sealed."""
