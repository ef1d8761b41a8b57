"""Bridges from `dipbench.nas.Problem` to the libraries that people search with.

Each module is a bridge to one library and needs it: ``pip install dipbench[adapters]``, and
``dipbench[syne-tune]`` for Syne Tune. `dipbench.nas.adapters.arrays` needs numpy alone.

Searching through a bridge charges the problem's own clock, and nothing here seeds a generator.
"""
