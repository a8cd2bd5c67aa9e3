"""Risks found in operation: stop, report, assess, and only then go on (SEC-02)."""
