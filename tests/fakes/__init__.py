"""Outside programs that tests speak to, as real servers on this machine."""
