"""Sets of architectures that a search can walk through."""
