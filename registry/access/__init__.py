"""Whether a person may use data under an agreement now, and the log of such decisions."""
