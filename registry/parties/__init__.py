"""Organisations (机构): who they are, what they may act as at which place, and whether they are in good standing."""
