"""Traces: the rows behind one line of a statement, and the use of sealed settlements summed up by day."""
