"""Where this machine keeps what can be made again (cache) and what is worth keeping (state).

XDG base directories on every system, as git, helm and kubectl plugins do:
XDG_CACHE_HOME and XDG_STATE_HOME, else ~/.cache and ~/.local/state.
"""

import os
from pathlib import Path


def cache() -> Path:
    return _base("XDG_CACHE_HOME", ".cache")


def state() -> Path:
    return _base("XDG_STATE_HOME", ".local/state")


def private(folder: Path) -> None:
    """Make the folder, for this user alone, where there is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _base(variable: str, fallback: str) -> Path:
    given = os.environ.get(variable, "")
    base = Path(given) if given.startswith("/") else Path.home() / fallback
    return base / "roadstead"
