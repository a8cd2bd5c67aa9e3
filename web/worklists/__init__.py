"""What waits for a person, gathered from every concept below: one function per kind of task, all read-only."""
