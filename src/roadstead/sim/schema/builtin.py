"""Compiles the schemas of built-in kinds, as OpenAPI and the learned defaults tell them.

`default: {}` in these schemas marks structs that are always there, and `default: ""` or `0` scalars without
omitempty; other defaults are real ones.
"""

from functools import cache
from typing import Any

from roadstead.sim.knowledge import REFERENCE, Knowledge
from roadstead.sim.merge.types import DEDUCED, ListType, MapType, Type
from roadstead.sim.schema.shapes import Case, Shape

SCALARS = {"string": "string", "integer": "numeric", "number": "numeric", "boolean": "boolean"}
# Lists that are shown as null when empty though the schema does not require them.
NULLS = {("io.k8s.api.rbac.v1.Role", "rules"), ("io.k8s.api.rbac.v1.ClusterRole", "rules")}
NULLS |= {
    ("io.k8s.api.discovery.v1.EndpointSlice", "ports"),
    ("io.k8s.api.discovery.v1.EndpointSlice", "endpoints"),
    ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus", "currentMetrics"),
}
# Times that are shown as null when nobody gave them.
UNSET = {
    *(("io.k8s.api.core.v1.Event", key) for key in ("eventTime", "firstTimestamp", "lastTimestamp")),
    *(
        ("io.k8s.api.events.v1.Event", key)
        for key in ("eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp")
    ),
}
# Cannot be learned, for they are never created with a pod.
LIKE = {"io.k8s.api.core.v1.EphemeralContainer": "io.k8s.api.core.v1.Container"}
APART = ("JSONSchemaPropsOrBool", "JSONSchemaPropsOrArray")  # either of two types, of which no schema tells
FORMATS = {"date-time": "time", "byte": "bytes"}


@cache
def compile(knowledge: Knowledge, definition: str, root: str) -> Shape:
    """The shape of a definition as it is used in objects of kind `root`."""
    return _Compiler(knowledge, root).definition(definition)


class _Compiler:
    def __init__(self, knowledge: Knowledge, root: str) -> None:
        self.knowledge = knowledge
        self.root = root
        self.made: dict[str, Shape] = {}

    def definition(self, name: str) -> Shape:
        if name not in self.made:
            shape = self.made[name] = Shape(name=name)
            self._fill(shape, self.knowledge.definitions[name])
            if shape.kind == "struct":
                self._complete(shape)
        return self.made[name]

    def _fill(self, shape: Shape, schema: dict[str, Any]) -> None:
        kind = schema.get("type", "")
        shape.format = schema.get("format", "")
        shape.enum = tuple(schema.get("enum", ()))
        shape.patch_key = schema.get("x-kubernetes-patch-merge-key", "")
        shape.patch = schema.get("x-kubernetes-patch-strategy", "")
        if shape.format == "int-or-string":  # merging takes it for anything
            shape.kind = "intstr"
            self._anything(shape.merge)
        elif shape.name.endswith("resource.Quantity"):
            shape.kind, shape.merge.scalar = "quantity", "untyped"
        elif "properties" in schema:
            self._struct(shape, schema)
        elif kind == "object" and "additionalProperties" in schema:
            shape.kind, shape.element = "map", self.use(schema["additionalProperties"])
            shape.merge.map = MapType(
                {}, shape.element.merge, schema.get("x-kubernetes-map-type") == "atomic"
            )
        elif kind == "array":
            self._list(shape, schema)
        elif kind in SCALARS:
            shape.kind, shape.merge.scalar = FORMATS.get(shape.format, kind), SCALARS[kind]
        else:
            shape.kind, shape.preserves = "any", True
            merge = shape.merge
            self._anything(merge)
            if kind == "object" and shape.name.endswith("FieldsV1"):
                merge.scalar, merge.list = "", None
            elif shape.name.endswith(APART):
                shape.apart = self.definition(shape.name.removesuffix("OrBool").removesuffix("OrArray"))
            elif shape.name.endswith("RawExtension"):
                merge.map = MapType({}, DEDUCED, atomic=True)

    def _anything(self, merge: Type) -> None:
        merge.scalar, merge.list, merge.map = DEDUCED.scalar, DEDUCED.list, DEDUCED.map

    def _struct(self, shape: Shape, schema: dict[str, Any]) -> None:
        shape.kind = "struct"
        shape.required = tuple(schema.get("required", ()))
        atomic = schema.get("x-kubernetes-map-type") == "atomic"
        merges: dict[str, Type] = {}
        shape.merge.map = MapType(merges, None, atomic)
        for key, each in schema["properties"].items():
            shape.fields[key] = inner = self.use(each)
            merges[key] = inner.merge

    def _list(self, shape: Shape, schema: dict[str, Any]) -> None:
        shape.kind, shape.element = "list", self.use(schema["items"])
        sort = schema.get("x-kubernetes-list-type", "atomic")
        keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
        properties = self._properties(schema["items"])
        defaults = {key: properties[key]["default"] for key in keys if "default" in properties.get(key, {})}
        shape.merge.list = ListType(shape.element.merge, sort == "atomic", keys, defaults)

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        target = _target(schema)
        found = self.knowledge.definitions[target] if target else schema
        properties: dict[str, Any] = found.get("properties", {})
        return properties

    def use(self, schema: dict[str, Any]) -> Shape:
        """A schema where it is used: a definition itself, unless this place says more about it."""
        target = _target(schema)
        if target is None:
            shape = Shape()
            self._fill(shape, schema)
            return shape
        found = self.definition(target)
        said = {"x-kubernetes-map-type", "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key"} & set(
            schema
        )
        if not said:
            return found
        shape = Shape(name=target)
        self.made_elsewhere(shape, target, schema)
        return shape

    def made_elsewhere(self, shape: Shape, target: str, schema: dict[str, Any]) -> None:
        whole = {**self.knowledge.definitions[target]}
        whole |= {
            key: value
            for key, value in schema.items()
            if key not in ("allOf", "$ref", "default", "description")
        }
        self._fill(shape, whole)
        if shape.kind == "struct":
            self._complete(shape)

    def _complete(self, shape: Shape) -> None:
        """Defaults, and what an empty struct shows."""
        self._written(shape)
        learned = self.knowledge.defaults.get(LIKE.get(shape.name, shape.name), {})
        for key, found in learned.items():
            if "value" in found:
                shape.constants[key] = found["value"]
            elif found["by"] == "$root":
                if self.root in found["cases"]:
                    shape.constants[key] = found["cases"][self.root]
            else:
                shape.cases.append(Case(key, found["by"], found["cases"]))

    def _written(self, shape: Shape) -> None:
        """What the schema itself says of absent and empty values."""
        properties = self.knowledge.definitions[shape.name].get("properties", {})
        for key, schema in properties.items():
            inner = shape.fields[key]
            if (shape.name, key) in UNSET:
                shape.zero[key] = shape.constants[key] = None
            elif "default" in schema and (shape.name, key) not in self.knowledge.hidden:
                value = schema["default"]
                if value == {} and inner.kind == "struct":
                    shape.empty[key] = inner
                else:
                    shape.constants[key] = value
                    if value in ("", 0, False):
                        shape.zero[key] = value
            elif (key in shape.required or (shape.name, key) in NULLS) and inner.kind in ("list", "map"):
                shape.zero[key] = None
                shape.nulls |= {key}
            elif key in shape.required and not inner.plain:
                shape.zero[key] = None
            elif inner.kind == "time" and shape.name.endswith("Condition"):
                shape.nulls |= {key}  # a time of its own, no reference to one
        shape.dropped = frozenset(key for key in properties if self._drops(shape, key))

    def _drops(self, shape: Shape, key: str) -> bool:
        """Whether an empty value of a field vanishes. Where nobody could try, texts do and other scalars do not."""
        place = (shape.name, key)
        if place in self.knowledge.dropped:
            return True
        return (
            shape.fields[key].kind == "string"
            and place not in self.knowledge.kept
            and key not in shape.constants
            and key not in shape.required
        )


def _target(schema: dict[str, Any]) -> str | None:
    for each in (schema, *schema.get("allOf", ())):
        if "$ref" in each:
            return str(each["$ref"]).removeprefix(REFERENCE)
    return None


@cache
def zero(shape: Shape) -> dict[str, Any]:
    """What a new, empty Go value of this type shows: the state before anybody set a field."""
    out = dict(shape.zero)
    for key, inner in shape.empty.items():
        out[key] = zero(inner)
    return out
