"""Who, what, under which agreement, and is it allowed."""
