"""Scopes: whose figures of sealed settlements somebody may read."""
