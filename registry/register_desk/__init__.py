"""The registrar's desk: what is under way, in order of the day on which the next step is due."""
