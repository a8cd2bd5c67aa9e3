"""Egress (出域): the compliance check of a version before it leaves the domain, and every delivery that left."""
