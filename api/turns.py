"""Work that is done one piece at a time, so that what takes little time is answered in between."""

from __future__ import annotations

import asyncio

__all__ = ["Turns"]


class Turns:
    """A line in which heavy answers wait. Were all that are ready made one after another, an
    answer that takes a tenth of one would wait for all of them."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Until it is the caller's turn and the others were looked at."""
        async with self._lock:
            await asyncio.sleep(0)
