"""What a kustomization file may say, field by field, and how Kustomize takes what is written there.

Pure. Field names count in any case, as Go reads them.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Any

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

ENTRIES = ("resources", "bases", "components")  # files, or folders with a kustomization
FILES = ("crds", "configurations", "patchesstrategicmerge")
ITEMS_WITH_PATH = ("patches", "patchesjson6902", "replacements")
PLUGINS = ("generators", "transformers", "validators")
DATA = ("configmapgenerator", "secretgenerator")
READ_BY_PLUGINS = ("path", "paths", "files", "envs", "env")
CHARTS = ("helmcharts", "helmchartinflationgenerator", "helmglobals")

REMOTE = re.compile(
    r"^[a-z][a-z0-9+.-]*://|^git@|^git::|^(www\.)?(github\.com|gitlab\.com|bitbucket\.org)[/:]|\.git(/|\?|$)"
    r"|//.*[?&](ref|version)=|^[\w.-]+\.[a-z]{2,}/\S+[?&]ref="
)
Path = tuple[str | int, ...]


def items(content: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    for index, item in enumerate(content if isinstance(content, list) else ()):
        yield (*at, index), item


def inline(item: Any) -> bool:
    """Content in place of a file's name, as patchesStrategicMerge and plug-ins allow."""
    return isinstance(item, str) and ("\n" in item or item.startswith("{"))


def folded(item: Any, name: str) -> Any:
    for written, content in item.items() if isinstance(item, dict) else ():
        if isinstance(written, str) and written.casefold() == name:
            return content
    return None


def texts(value: Any, field_name: str) -> Iterator[tuple[str, str]]:
    """Every text, with the name of the nearest field it stands in."""
    if isinstance(value, str):
        yield field_name, value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, field_name)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, name)


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def inside(folder: str, name: str) -> str | None:
    """The path from the repository's root; None where it leads out of it, or is no path."""
    if not name or name.startswith("/") or "\n" in name or "\0" in name:
        return None
    path = posixpath.normpath(join(folder, name))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path
