"""The chapters of the story, each about one part of the work; every function tells it for one place."""
