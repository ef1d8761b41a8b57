"""The generator: from an architecture to measured rows, and from rows to the table.

It runs from a checkout, ``python -m generate``, and is no part of the installed package.
"""
