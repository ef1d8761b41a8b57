"""Hold the threads of BLAS, which cost more than they bring on arrays as small as ours."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[object]:
    """One thread for linear algebra while the context lasts, if threadpoolctl is installed.

    It comes with the extras ``plot`` and ``nas``. Nothing is set when a module is imported.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits
