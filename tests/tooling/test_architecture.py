"""ARCHITECTURE.md is two pages and tells the truth about the tree."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text()


def test_it_fits_two_pages():
    assert len(PAGE.splitlines()) <= 110


def packages():
    """The packages at the top, and those of the two that only gather others."""
    source = ROOT / "src" / "roadstead"
    for pattern in ("*/__init__.py", "world/*/__init__.py", "stages/*/__init__.py"):
        yield from sorted(path.parent.relative_to(source) for path in source.glob(pattern))


def test_every_package_is_named():
    tree = PAGE.split("```")[3]
    missing = [str(path) for path in packages() if f"{path.name}/" not in tree]
    assert missing == []


def test_every_path_that_it_names_exists():
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+(?:\.[a-z]+)?)`", PAGE)
    roots = (ROOT, ROOT / "src" / "roadstead")
    missing = [
        path
        for path in named
        if not any((root / path).exists() or (root / f"{path}.py").exists() for root in roots)
    ]
    assert missing == []
