"""The HTTP service: the table as JSON, and a page to explore it.

Run it from a checkout with ``python -m api``; it needs no more than dipbench and the standard
library. RMSE is in grey levels on 0-255, and what was not measured is ``null``.
"""
