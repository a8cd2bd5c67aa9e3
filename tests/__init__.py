"""Tests: they mirror the code, and read as the sentences one would tell an auditor."""
