"""What the operating institution pays for the platform and for public data: facts that become costs once."""
