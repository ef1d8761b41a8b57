"""The HTTP service: the tables as JSON and CSV, and a page to explore them.

Run it from a checkout with ``python -m api``; it needs the extra ``api`` (FastAPI and uvicorn).
RMSE is in grey levels on 0-255, and what was not measured is ``null``. Every route, parameter
and error is described at ``/openapi.json`` and, for people, at ``/docs``.
"""
