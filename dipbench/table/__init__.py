"""Measurements on disk: columns, files, their checks, and where a table comes from.

The room is called ``table``, not ``tables``: `dipbench.tables` is a public function.
"""
