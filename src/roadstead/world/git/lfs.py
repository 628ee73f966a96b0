"""Files that Git LFS keeps: in Git stands a pointer, which names the content by its sha256.

Content is read where git-lfs put it for a checkout of this machine; it is never fetched. A pointer without its
content is nobody's content: the caller refuses it.
"""

import hashlib
import re
from pathlib import Path

LARGEST_POINTER = 1024  # bytes, by LFS's specification
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize \d+\n?"
)


def named(blob: bytes) -> str:
    """The sha256 of the content that a pointer names; "" for what is no pointer."""
    found = _POINTER.fullmatch(blob) if len(blob) <= LARGEST_POINTER else None
    return found[1].decode() if found else ""


def content(store: Path, digest: str) -> bytes | None:
    """From the repository itself, or one whose objects it borrows."""
    for home in (store, *_lenders(store)):
        try:
            data = (home / "lfs" / "objects" / digest[:2] / digest[2:4] / digest).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data).hexdigest() == digest:
            return data
    return None


def _lenders(store: Path) -> list[Path]:
    try:
        lines = (store / "objects" / "info" / "alternates").read_text().splitlines()
    except OSError:
        return []
    return [Path(line).parent for line in lines if line.startswith("/")]
