"""How fast: against the plain way and against the machine."""
