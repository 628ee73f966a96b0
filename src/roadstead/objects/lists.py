"""Which lists server-side apply merges item by item, and by which keys it tells the items apart.

Written down from the API server's OpenAPI document (1.37). Keys of strategic merge patches differ in
places and are not these. Lists of custom kinds are known only by the managedFields of a live object.
"""

from collections.abc import Mapping
from typing import Any

from roadstead.model.ids import GroupKind
from roadstead.objects import fieldsets, kinds

SET: tuple[str, ...] = ()

# (the nearest field above, the list) -> its keys; "" above is the object itself.
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    **{("spec", containers): ("name",) for containers in _CONTAINERS},
    **{(containers, "env"): ("name",) for containers in _CONTAINERS},
    **{(containers, "ports"): ("containerPort", "protocol") for containers in _CONTAINERS},
    **{(containers, "volumeMounts"): ("mountPath",) for containers in _CONTAINERS},
    **{(containers, "volumeDevices"): ("devicePath",) for containers in _CONTAINERS},
    ("resources", "claims"): ("name",),
    ("spec", "volumes"): ("name",),
    ("spec", "hostAliases"): ("ip",),
    ("spec", "imagePullSecrets"): ("name",),
    ("spec", "topologySpreadConstraints"): ("topologyKey", "whenUnsatisfiable"),
    ("spec", "resourceClaims"): ("name",),
    ("spec", "schedulingGates"): ("name",),
    ("", "secrets"): ("name",),
    ("", "webhooks"): ("name",),
    ("webhooks", "matchConditions"): ("name",),
    ("spec", "matchConditions"): ("name",),
    ("spec", "variables"): ("name",),
    ("spec", "validationActions"): SET,
    ("spec", "drivers"): ("name",),
    ("spec", "volumeLifecycleModes"): SET,
    ("status", "conditions"): ("type",),
}
_METADATA = {"finalizers": SET, "ownerReferences": ("uid",)}
_SERVICE = GroupKind("", "Service")
_DEFAULTS: dict[str, object] = {"protocol": "TCP"}


def keys(
    kind: GroupKind, path: fieldsets.Path, hints: fieldsets.Fields = fieldsets.EMPTY
) -> tuple[str, ...] | None:
    """The keys of the list at `path`, () for a set, None for a list that is replaced as a whole.

    `hints` are fields that managers own in the live object.
    """
    names = [part for part in path if isinstance(part, str)]
    above = names[-2] if len(names) > 1 else ""
    if names[0] == "metadata":
        return _METADATA.get(names[-1])
    if kind == _SERVICE and names == ["spec", "ports"]:
        return ("port", "protocol")
    if not kinds.is_built_in(kind):
        return fieldsets.list_keys(hints, path)
    return _KEYS.get((above, names[-1]))


def item(value: Any, by: tuple[str, ...]) -> fieldsets.Item | None:
    """How a path names the item; None for one that lacks a key."""
    if by == SET:
        return (("", value),)
    if not isinstance(value, Mapping):
        return None
    named = tuple((key, value.get(key, _DEFAULTS.get(key))) for key in by)
    return None if any(part is None for _, part in named) else named


def has_default_keys(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether keys that `wanted` leaves out have their defaults in `found`, if these are items of a list."""
    for key, default in _DEFAULTS.items():
        if key not in wanted and found.get(key, default) != default:
            return False
    return True
