"""Training: Deep Image Prior and supervised, with any engine."""
