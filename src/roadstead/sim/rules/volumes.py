"""Volumes of pods: each of one sort, and what becomes files in them."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import names
from roadstead.sim.schema.requiring import Cause, duplicate, forbidden, invalid, required

NAMED = ("configMap", "secret")


def causes(spec: dict[str, Any], at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, volume in enumerate(spec.get("volumes") or ()):
        place = f"{at}.volumes[{number}]"
        if volume.get("name") in seen:
            yield duplicate(f"{place}.name", volume.get("name"))
        seen.add(volume.get("name", ""))
        if "secret" in volume and not volume["secret"].get("secretName"):
            yield required(f"{place}.secret.secretName")
        yield from _downward(volume, place)
        yield from _projected(volume.get("projected") or {}, f"{place}.projected")
        if "ephemeral" in volume:
            template = volume["ephemeral"].get("volumeClaimTemplate") or {}
            yield from claim(template, f"{place}.ephemeral.volumeClaimTemplate")
        if len(volume) > 2:
            yield forbidden(place, "may not specify more than 1 volume type")
        if not names.LABEL.fullmatch(volume.get("name", "")):
            yield invalid(f"{place}.name", volume.get("name", ""), names.LABEL_TEXT)


def claim(template: dict[str, Any], place: str) -> Iterator[Cause]:
    """The claim that is made for a volume."""
    spec, at = template.get("spec") or {}, f"{place}.spec"
    if not spec.get("accessModes"):
        yield required(f"{at}.accessModes", "at least 1 access mode is required")
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        yield required(f"{at}.resources[storage]")


METADATA = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
SUBSCRIPTED = ("metadata.annotations['", "metadata.labels['")


def _downward(volume: dict[str, Any], place: str) -> Iterator[Cause]:
    """Fields of the pod that become files."""
    sources = [(f"{place}.downwardAPI", volume.get("downwardAPI"))]
    for number, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
        for key in NAMED:
            if key in source and not source[key].get("name"):
                yield required(f"{place}.projected.sources[{number}].{key}.name")
        sources.append((f"{place}.projected.sources[{number}].downwardAPI", source.get("downwardAPI")))
    for at, source in sources:
        for item in (source or {}).get("items") or ():
            if not item.get("fieldRef") and not item.get("resourceFieldRef"):
                yield required(at, "one of fieldRef and resourceFieldRef is required")
            path = (item.get("fieldRef") or {}).get("fieldPath", "metadata.name")
            if path not in METADATA and not path.startswith(SUBSCRIPTED):
                why = f"error converting fieldPath: field label not supported: {path}"
                yield invalid(f"{at}.fieldRef.fieldPath", path, why)


def _projected(volume: dict[str, Any], at: str) -> Iterator[Cause]:
    """Files of several sources in one folder."""
    seen: set[str] = set()
    for number, source in enumerate(volume.get("sources") or ()):
        for key, each in source.items():
            for path in (item.get("path", "") for item in each.get("items") or ()):
                if path in seen:
                    yield invalid(at, path, f"conflicting duplicate paths in sources[{number}].{key}")
                seen.add(path)
