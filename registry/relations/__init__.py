"""Related-party edges between organisations."""
