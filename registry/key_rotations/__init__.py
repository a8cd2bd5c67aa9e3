"""Replacing an API key: the new one is shown once, the old one ends at once or after an overlap that is stated."""
