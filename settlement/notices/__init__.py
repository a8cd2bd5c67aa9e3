"""Contribution notices: what each source department put into what was sold, shown to it before it counts."""
