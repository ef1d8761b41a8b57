"""Photographs: from files to arrays."""
