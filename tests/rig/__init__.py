"""What the tests stand on: databases, a browser, the house rules. Nothing of the domain."""
