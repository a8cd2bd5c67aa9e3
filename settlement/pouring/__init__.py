"""One step of a waterfall at work: what it takes, how its parties share it, and the trace that explains both."""
