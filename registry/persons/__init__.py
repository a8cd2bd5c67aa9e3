"""Natural persons behind accounts: identity, grants confirmed by a second person, lost passwords."""
