"""Another process that holds a SQLite database's lock for writing."""

import asyncio
import sqlite3
from pathlib import Path


async def held(file: Path) -> sqlite3.Connection:
    """The lock is held until the connection is closed. Who has it now needs our loop to give it back."""
    other = sqlite3.connect(file, isolation_level=None, timeout=0)
    while True:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            await asyncio.sleep(0.01)
        else:
            return other
