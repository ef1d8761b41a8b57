"""Protocols: every number that decides what a row means, and the order of the work."""
