"""Data-use requests, one per scenario: check, review by every required party, silence that counts as consent."""
