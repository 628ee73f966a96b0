"""When Python's collector looks at everything: seldom, and at a time of ours, for nothing else goes on meanwhile.

What a hub knows lives as long as it does, so a look at all of it finds nothing and takes a tenth of a second for
each 100 MB: as long as an edit may take to be told. What was there at the last look is left out of the next; once
a day nothing is.
"""

import asyncio
import gc

_EVERY = 600.0  # seconds
_OF_ALL = 144  # each so manieth look is at what was left out, too
_NEVER = 1_000_000_000


async def seldom() -> None:
    """Until cancelled; then it is as it was before."""
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    try:
        await _look()
    finally:
        gc.set_threshold(young, middle, old)


async def _look() -> None:
    looks = 0
    while True:
        await asyncio.sleep(_EVERY)
        looks += 1
        if looks % _OF_ALL == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
