"""Plain functions that make valid objects through the real commands, one module per package."""
