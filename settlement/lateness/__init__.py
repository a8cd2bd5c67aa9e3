"""Which settlement took an event, and what came too late for the one of its day; read only."""
