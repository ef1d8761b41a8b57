"""Measuring: units to rows, in processes, on machines."""
