"""Networks as graphs: the grammar, the canonical key, depth and SLC, and graphs as JSON."""
