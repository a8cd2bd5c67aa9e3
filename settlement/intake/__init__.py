"""Market facts become journal entries, by being pulled."""
