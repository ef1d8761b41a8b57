"""Kill what writes files, at random moments: ``make soak``."""
