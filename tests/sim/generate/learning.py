"""Learns from dry runs what no schema says: defaults, empty values that are dropped, fields that cannot change.

A default is learned per definition and field. Where the server sets it only sometimes, or to several values, a
neighbouring field that decides it is looked for (`type`, for example); what nothing near decides is left out,
for the simulation to know by itself.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.sim.generate.asking import Server

PREFIX = "#/components/schemas/"
SERVER_SET = {"metadata", "status", "apiVersion", "kind"}
# Drawn or computed from other fields, so no defaults.
COMPUTED = {
    *("ServiceSpec.clusterIP", "ServiceSpec.clusterIPs", "ServicePort.nodePort", "ServicePort.targetPort"),
    *("PodSpec.tolerations", "PodSpec.serviceAccount", "Container.imagePullPolicy", "Volume.emptyDir"),
    *("LimitRangeItem.default", "LimitRangeItem.defaultRequest", "NodeSpec.taints", "Node.spec"),
    *("HPAScalingRules.policies", "LabelSelector.matchLabels", "RollingUpdateDaemonSet.maxUnavailable"),
    *("CustomResourceDefinitionNames.listKind", "CustomResourceDefinitionNames.singular"),
    *("ImageVolumeSource.pullPolicy", "ServiceSpec.ipFamilies", "ServiceSpec.ipFamilyPolicy"),
    *("PodSpec.priority", "PodSpec.preemptionPolicy", "Namespace.spec", "NamespaceSpec.finalizers"),
    *("NetworkPolicySpec.policyTypes", "JobSpec.completions", "JobSpec.podReplacementPolicy"),
    *("JobSpec.parallelism", "JobSpec.backoffLimit"),
    *("HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage", "DeviceTaint.timeAdded"),
}
IMMUTABLE = re.compile(
    r"immutable|may not be (changed|updated)|[Uu]pdates? .*(forbidden|not allowed)|cannot (be )?change|is forbidden"
)


@dataclass(slots=True)
class Learned:
    """`seen`: by definition and field, the values that the server set, each with the item it set it in."""

    definitions: dict[str, Any]
    seen: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    dropped: set[tuple[str, str]] = field(default_factory=set)
    kept: set[tuple[str, str]] = field(default_factory=set)
    immutable: dict[str, dict[str, str]] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)  # schema defaults that are not stored
    visible: set[tuple[str, str]] = field(default_factory=set)
    versioned: set[str] = field(default_factory=set)  # kinds whose replacement must name its version
    put_creates: set[str] = field(default_factory=set)  # kinds that a replacement creates
    statuses: dict[str, Any] = field(default_factory=dict)  # of new objects
    counted: set[str] = field(default_factory=set)  # kinds that have metadata.generation

    def note(self, name: str, sent: Any, got: Any, root: str) -> None:
        """Compare what was sent with what came back, from one definition downwards."""
        for definition, before, after in self._pairs(name, sent, got):
            known = self.definitions[definition].get("properties", {})
            for key in known:
                if key in before or (definition == name and key in SERVER_SET):
                    continue
                short = definition.rsplit(".", 1)[-1]
                if short == "ObjectMeta" or f"{short}.{key}" in COMPUTED:
                    continue
                if "default" in known[key]:
                    (self.visible if key in after else self.hidden).add((definition, key))
                value = after.get(key)
                if key in after and value == known[key].get("default", ...):
                    continue
                text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if key in after else ""
                self.seen[definition, key].append((text, {**_plain(after), "$root": root}))

    def _pairs(self, name: str, sent: Any, got: Any) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        if not isinstance(got, dict):
            return
        sent = sent if isinstance(sent, dict) else {}
        yield name, sent, got
        for key, schema in self.definitions[name].get("properties", {}).items():
            for target, before, after in _below(schema, sent.get(key), got.get(key)):
                if key in sent:
                    yield from self._pairs(target, before, after)

    def defaults(self) -> dict[str, dict[str, Any]]:
        out: dict[str, dict[str, Any]] = defaultdict(dict)
        for (definition, key), seen in sorted(self.seen.items()):
            texts = {text for text, _ in seen}
            if texts == {""}:
                continue
            if len(texts) == 1:
                out[definition][key] = {"value": orjson.loads(next(iter(texts)))}
                continue
            decided = _decided(key, seen)
            if decided:
                out[definition][key] = decided
        return dict(out)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if isinstance(value, str)}


def _decided(key: str, seen: list[tuple[str, dict[str, Any]]]) -> dict[str, Any] | None:
    names = sorted(
        {name for _, item in seen for name in item if name != key}, key=lambda name: (name != "type", name)
    )
    for name in names:
        found: dict[str, set[str]] = defaultdict(set)
        for text, item in seen:
            found[item.get(name, "")].add(text)
        if (
            len(found) > 1
            and all(len(texts) == 1 for texts in found.values())
            and (name == "type" or len(found) < len(seen) or name == "$root")
        ):
            cases = {value: orjson.loads(text) for value, (text,) in sorted(found.items()) if text}
            return {"by": name, "cases": cases}
    return None


def _target(schema: dict[str, Any]) -> str | None:
    for each in (schema, *schema.get("allOf", ())):
        if "$ref" in each:
            return str(each["$ref"]).removeprefix(PREFIX)
    return None


def _below(schema: dict[str, Any], sent: Any, got: Any) -> Iterator[tuple[str, Any, Any]]:
    target = _target(schema)
    if target:
        yield target, sent, got
    elif schema.get("type") == "array" and isinstance(got, list):
        inner = _target(schema["items"])
        if inner and isinstance(sent, list):
            for before, after in zip(sent, got, strict=False):
                yield inner, before, after
    elif isinstance(schema.get("additionalProperties"), dict) and isinstance(got, dict):
        inner = _target(schema["additionalProperties"])
        if inner and isinstance(sent, dict):
            for key, after in got.items():
                yield inner, sent.get(key), after


Path = tuple[str | int, ...]


def places(definitions: dict[str, Any], name: str, value: Any, at: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every object with a definition in a value, the deepest last."""
    yield name, at
    for key, schema in definitions[name].get("properties", {}).items():
        if not isinstance(value, dict) or key not in value or (not at and key in SERVER_SET):
            continue
        target, inner = _target(schema), _target(schema.get("items", {}))
        if target and isinstance(value[key], dict):
            yield from places(definitions, target, value[key], (*at, key))
        elif inner:
            for number, item in enumerate(value[key][:1]):
                yield from places(definitions, inner, item, (*at, key, number))


def put(value: Any, at: Path, key: str, new: Any) -> Any:
    out = copy.deepcopy(value)
    inner = out
    for part in at:
        inner = inner[part]
    inner[key] = new
    return out


ZERO: dict[str, Any] = {"boolean": False, "integer": 0, "string": ""}


async def try_fields(server: Server, learned: Learned, sample: dict[str, Any], name: str) -> int:
    """Send the sample with one field more, for each field that it could have: empty, or as small as it can be."""
    tried = 0
    for definition, at in places(learned.definitions, name, sample):
        item = _at(sample, at)
        for key, schema in learned.definitions[definition].get("properties", {}).items():
            if key in item or (not at and key in SERVER_SET):
                continue
            for new in _small(learned.definitions, schema):
                changed = put(sample, at, key, new)
                status, got = await server.dry_run(changed)
                tried += 1
                if status >= 300:
                    continue
                learned.note(name, changed, got, sample["kind"])
                if not isinstance(new, dict | list) and not new and schema.get("default") is None:
                    after = _at(got, at)
                    stays = isinstance(after, dict) and after.get(key) == new  # a default may have its place
                    (learned.kept if stays else learned.dropped).add((definition, key))
    return tried


def _at(value: Any, at: Path) -> Any:
    for part in at:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _small(definitions: dict[str, Any], schema: dict[str, Any]) -> Iterator[Any]:
    target = _target(schema)
    if target and definitions[target].get("properties") is not None:
        yield _least(definitions, target, 0)
    elif schema.get("type") in ZERO and "enum" not in schema:
        yield ZERO[schema["type"]]
    elif "enum" in schema:
        yield from schema["enum"]
    elif schema.get("type") == "array":
        inner = _target(schema["items"])
        if inner and definitions[inner].get("properties") is not None:
            yield [_least(definitions, inner, 0)]


def _least(definitions: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
    found = definitions[name]
    out: dict[str, Any] = {}
    for key in found.get("required", ()):
        schema = found["properties"][key]
        target = _target(schema)
        if target and definitions[target].get("properties") is not None and depth < 4:
            out[key] = _least(definitions, target, depth + 1)
        elif "enum" in schema:
            out[key] = schema["enum"][0]
        else:
            out[key] = {"integer": 1, "boolean": True, "array": [], "object": {}}.get(
                schema.get("type", ""), "a"
            )
    return out


async def try_changes(server: Server, learned: Learned, sample: dict[str, Any]) -> None:
    """Create the sample, send it with one leaf changed for each leaf, and note what is said to be immutable."""
    status, made = await server.send("POST", server.path(sample), sample)
    if status >= 300:
        return
    path = server.path(sample, name=True)
    kind = f"{sample['apiVersion']}/{sample['kind']}"
    unversioned = copy.deepcopy(made)
    unversioned["metadata"].pop("resourceVersion")
    status, _ = await server.send("PUT", path + "?dryRun=All", unversioned)
    if status == 422:
        learned.versioned.add(kind)
    elsewhere = {**sample, "metadata": {**sample["metadata"], "name": "elsewhere"}}
    status, _ = await server.send("PUT", server.path(elsewhere, name=True) + "?dryRun=All", elsewhere)
    if status == 201:
        learned.put_creates.add(kind)
    for change in _changes({key: value for key, value in made.items() if key not in SERVER_SET}):
        changed = change(copy.deepcopy(made))
        changed["metadata"].pop("managedFields", None)
        status, answer = await server.send("PUT", path + "?dryRun=All", changed)
        causes = answer.get("details", {}).get("causes", []) if status == 422 else []
        for cause in causes:
            if IMMUTABLE.search(cause["message"]):
                text = re.sub(
                    r"^Invalid value: .*: (?=field is immutable)", "Invalid value: ", cause["message"]
                )
                learned.immutable.setdefault(kind, {})[cause["field"]] = text.split("\n")[0][:300]
    await server.send("DELETE", path)


def _changes(value: Any, at: Path = ()) -> Iterator[Callable[[Any], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _changes(item, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value[:1]):
            yield from _changes(item, (*at, number))
    else:
        yield lambda whole: put(whole, at[:-1], at[-1], _other(value))  # type: ignore[arg-type]


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value}x"
