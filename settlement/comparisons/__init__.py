"""Now against then: the same lines of revenue on two sides, summed and set beside each other."""
