"""Put the images that Pins name into pod specs, wherever an object holds one.

An image is known by its name without tag and digest, as in Kustomize: `ghcr.io/shop/web` in the manifest
fits the pin of that name, however it is tagged. Besides containers, image volumes are looked at.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def pin(obj: dict[str, Any], images: Mapping[str, str]) -> tuple[dict[str, Any], set[str]]:
    """The object with the pinned images, and the names that were found in it."""
    if not images:
        return obj, set()
    used = {name for name in map(_name, _images(obj)) if name in images}
    return (_pinned(obj, images), used) if used else (obj, used)


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _images(item)
    elif isinstance(value, dict):
        for key, below in value.items():
            for holder, field in _holders(key, below):
                yield holder[field]
            yield from _images(below)


def _pinned(value: Any, images: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_pinned(item, images) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _pinned(below, images) for key, below in value.items()}
    for key, below in made.items():
        for holder, field in _holders(key, below):
            holder[field] = images.get(_name(holder[field]), holder[field])
    return made


def _holders(key: str, value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """The mappings, and the field in them, that hold an image below a field of this name."""
    if key in _CONTAINERS or key == "volumes":
        for item in value if isinstance(value, list) else ():
            holder = item if key in _CONTAINERS else item.get("image") if isinstance(item, dict) else None
            field = "image" if key in _CONTAINERS else "reference"
            if isinstance(holder, dict) and isinstance(holder.get(field), str):
                yield holder, field


def _name(reference: str) -> str:
    """`registry:5000/shop/web:1.2@sha256:…` is `registry:5000/shop/web`."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
