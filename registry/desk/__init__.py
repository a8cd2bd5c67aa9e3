"""The desk of everybody who reviews: one worklist, one page and one decision for all procedures."""
