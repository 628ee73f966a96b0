"""Containers of pods: images, ports, environment, what they mount and ask for."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import names, sizes
from roadstead.sim.schema.requiring import Cause, duplicate, invalid, required

HANDLERS = {"exec", "httpGet", "tcpSocket", "grpc"}
SOURCES = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")


def causes(spec: dict[str, Any], at: str, *, claimed: set[str]) -> Iterator[Cause]:
    seen: set[str] = set()
    volumes = claimed | {each.get("name") for each in spec.get("volumes") or () if isinstance(each, dict)}
    for group in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(group) or ()):
            place = f"{at}.{group}[{number}]"
            name = container.get("name", "")
            if name and not names.LABEL.fullmatch(name):
                yield invalid(f"{place}.name", name, names.LABEL_TEXT)
            if name in seen:
                yield duplicate(f"{place}.name", name)
            seen.add(name)
            if not container.get("image"):
                yield required(f"{place}.image")
            yield from sizes.container(container.get("resources") or {}, f"{place}.resources")
            yield from _ports(container, place)
            yield from _environment(container, place)
            yield from _environments(container, f"{place}.envFrom")
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                if probe in container and not container[probe].keys() & HANDLERS:
                    yield required(f"{place}.{probe}", "must specify a handler type")
            for index, mount in enumerate(container.get("volumeMounts") or ()):
                if mount.get("name") not in volumes:
                    yield Cause(
                        "FieldValueNotFound",
                        f'Not found: "{mount.get("name")}"',
                        f"{place}.volumeMounts[{index}].name",
                    )


def _environment(container: dict[str, Any], place: str) -> Iterator[Cause]:
    for number, each in enumerate(container.get("env") or ()):
        source = each.get("valueFrom")
        at = f"{place}.env[{number}].valueFrom"
        if source is None:
            continue
        chosen = [key for key in SOURCES if source.get(key) is not None]
        if not chosen:
            yield invalid(at, "", "must specify one of: " + ", ".join(f"`{key}`" for key in SOURCES))
        elif len(chosen) > 1:
            yield invalid(at, "", "may not have more than one field specified at a time")
        elif each.get("value"):
            yield invalid(at, "", "may not be specified when `value` is not empty")
        for key in ("configMapKeyRef", "secretKeyRef"):
            name = (source.get(key) or {}).get("name", "")
            if key in chosen and not names.SUBDOMAIN.fullmatch(name):
                yield invalid(f"{at}.{key}.name", name, names.SUBDOMAIN_TEXT)


def _environments(container: dict[str, Any], at: str) -> Iterator[Cause]:
    """Everything of an object as the environment."""
    for number, each in enumerate(container.get("envFrom") or ()):
        chosen = [key for key in ("configMapRef", "secretRef") if each.get(key) is not None]
        for key in chosen:
            name = each[key].get("name", "")
            if not name:
                yield required(f"{at}[{number}].{key}.name")
            elif not names.SUBDOMAIN.fullmatch(name):
                yield invalid(f"{at}[{number}].{key}.name", name, names.SUBDOMAIN_TEXT)
        if not chosen:
            yield invalid(at, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(chosen) > 1:
            yield invalid(at, "", "may not have more than one field specified at a time")


def _ports(container: dict[str, Any], place: str) -> Iterator[Cause]:
    for number, port in enumerate(container.get("ports") or ()):
        found = port.get("containerPort", 0)
        if found == 0:
            yield required(f"{place}.ports[{number}].containerPort")
        elif not 0 < found < 65536:
            yield invalid(
                f"{place}.ports[{number}].containerPort", found, "must be between 1 and 65535, inclusive"
            )
