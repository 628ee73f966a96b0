"""The one form of a rendered object that is hashed, stored and applied.

Equal content must give equal bytes, and bytes that the server stores as they are: else the server and
we would never agree. Substitution and patches happened before; what can be wrong with an object is told
by validity, and by schemas in stages/render.

Nulls mean "not set" to the server and go, but below the Helm values of other tools' objects, where a
null removes a default.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from roadstead.language import canonical
from roadstead.model import errors
from roadstead.model.errors import Severity
from roadstead.model.ids import GroupKind
from roadstead.model.manifests import Manifest
from roadstead.objects import encoded, kinds, validity

Object = dict[str, Any]

_HELM_VALUES = {"values", "valuesObject"}
_CA_PLACEHOLDERS = ("", "Cg==")


def split(values: Iterable[Any]) -> list[Any]:
    """Lists (`List`, `ConfigMapList`, `RoleList`, …) become their items; the rest stays."""
    found: list[Any] = []
    for value in values:
        if _is_list(value):
            found += split(_item(each, value) for each in value["items"] or ())
        else:
            found.append(value)
    return found


def manifest(obj: Object, *, origin: str = "") -> Manifest:
    """Raises StalledError(InvalidObject) with all that makes the object none."""
    wrong = [problem for problem in validity.problems(obj) if problem.severity is Severity.ERROR]
    if wrong:
        raise errors.error(replace(one, place=replace(one.place, file=origin)) for one in wrong)
    body = canonical.dumps(make(obj))
    return Manifest(kinds.identify(obj), obj["apiVersion"], body, canonical.digest(body), origin)


def make(obj: Object) -> Object:
    """A new object in canonical form. `validity` found no error in `obj`."""
    kind = kinds.of(obj)
    made: Object = _without_nulls(obj)
    made.pop("status", None)
    made["metadata"] = {
        key: value for key, value in made["metadata"].items() if key not in validity.SERVER_SET
    }
    if kinds.is_namespaced(kind) is False:
        made["metadata"].pop("namespace", None)
    settle = _SETTLED.get(kind)
    if settle:
        settle(made)
    return made


def _is_list(value: Any) -> bool:
    """A custom kind may end in List and hold items, but then it has a name."""
    if not isinstance(value, dict) or not str(value.get("kind", "")).endswith("List"):
        return False
    named = isinstance(value.get("metadata"), dict) and value["metadata"].get("name")
    return "items" in value and isinstance(value["items"] or [], list) and not named


def _item(each: Any, parent: Object) -> Any:
    """Items of a typed list may leave out what the list's own kind tells."""
    if not isinstance(each, dict) or parent["kind"] == "List":
        return each
    told = {"apiVersion": parent.get("apiVersion"), "kind": parent["kind"].removesuffix("List")}
    return {**told, **each}


def _without_nulls(value: Any, *, keep: bool = False) -> Any:
    """Most of an object is text and numbers: these are not asked one by one."""
    if isinstance(value, dict):
        return {
            key: _without_nulls(item, keep=keep or key in _HELM_VALUES)
            if isinstance(item, dict | list)
            else item
            for key, item in value.items()
            if item is not None or keep
        }
    if isinstance(value, list):
        return [_without_nulls(item, keep=keep) for item in value]
    return value


def _settle_secret(obj: Object) -> None:
    """The server turns stringData into data, but we would own the former only and lose sight of data."""
    written = {
        key: encoded.encode(text.encode()) for key, text in (obj.pop("stringData", None) or {}).items()
    }
    data = {
        key: encoded.encode(encoded.decode(text)) for key, text in (obj.get("data") or {}).items()
    } | written
    if data:
        obj["data"] = data


def _settle_config_map(obj: Object) -> None:
    if obj.get("binaryData"):
        obj["binaryData"] = {
            key: encoded.encode(encoded.decode(text)) for key, text in obj["binaryData"].items()
        }


def _settle_cluster_role(obj: Object) -> None:
    """A controller fills the rules of an aggregated role."""
    if obj.get("aggregationRule"):
        obj.pop("rules", None)


def _settle_webhooks(obj: Object) -> None:
    webhooks = obj.get("webhooks")
    for webhook in webhooks if isinstance(webhooks, list) else ():
        _drop_placeholder(webhook, "clientConfig")


def _settle_definition(obj: Object) -> None:
    _drop_placeholder(obj, "spec", "conversion", "webhook", "clientConfig")


def _settle_api_service(obj: Object) -> None:
    _drop_placeholder(obj, "spec")


def _drop_placeholder(holder: Any, *path: str) -> None:
    """Something in the cluster puts the real authority here."""
    for key in path:
        holder = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and holder.get("caBundle") in _CA_PLACEHOLDERS:
        del holder["caBundle"]


_SETTLED: dict[GroupKind, Callable[[Object], None]] = {
    kinds.SECRET: _settle_secret,
    GroupKind("", "ConfigMap"): _settle_config_map,
    GroupKind("rbac.authorization.k8s.io", "ClusterRole"): _settle_cluster_role,
    GroupKind("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _settle_webhooks,
    GroupKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _settle_webhooks,
    kinds.CUSTOM_RESOURCE_DEFINITION: _settle_definition,
    GroupKind("apiregistration.k8s.io", "APIService"): _settle_api_service,
}
