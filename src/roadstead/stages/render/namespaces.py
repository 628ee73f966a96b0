"""Which namespace an object is in, and whether its bundle may put it there.

What is namespaced: built-in kinds by themselves, then definitions rendered beside, then the cluster's
facts. An object of a kind that nobody knows stays as it is written, and that is said.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from roadstead.model.assignment import Namespace, NamespaceMode
from roadstead.model.errors import Problem, Severity
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.reasons import NOT_ALLOWED, SCOPE_UNKNOWN
from roadstead.objects import kinds

FALLBACK = "default"  # as kubectl without a context's namespace


def place(
    obj: dict[str, Any], namespace: Namespace | None, scopes: Mapping[GroupKind, bool]
) -> tuple[dict[str, Any], list[Problem]]:
    """The object in its namespace. `scopes` tells of kinds that are not built in whether they have one."""
    kind = kinds.of(obj)
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        return obj, []  # told by the check of the object
    written = metadata.get("namespace")
    namespaced = kinds.is_namespaced(kind)
    namespaced = scopes.get(kind) if namespaced is None else namespaced
    if namespaced is None and not written:
        cause = f"whether {kind} lives in namespaces is not known, so it gets none"
        return obj, [Problem(SCOPE_UNKNOWN, cause, SCOPE_UNKNOWN.remedy, Severity.WARNING)]
    if namespaced is False:
        kept = {key: value for key, value in metadata.items() if key != "namespace"}
        return ({**obj, "metadata": kept} if written else obj), []
    if namespace and namespace.mode is NamespaceMode.OVERRIDE:
        name = namespace.name
    else:
        name = written or (namespace.name if namespace else FALLBACK)
    return ({**obj, "metadata": {**metadata, "namespace": name}} if name != written else obj), []


def allowed(
    obj: ObjectId, namespaces: Sequence[str] | None, cluster_scoped: Sequence[GroupKind] | None
) -> Problem | None:
    """What a Source's bundles may not touch; None for no limit."""
    if obj.namespace:
        if namespaces is None or any(fnmatch.fnmatchcase(obj.namespace, one) for one in namespaces):
            return None
        cause = f"the Source allows the namespaces {', '.join(namespaces) or 'none'}, found {obj.namespace}"
    else:
        if cluster_scoped is None or obj.group_kind in cluster_scoped:
            return None
        listed = ", ".join(map(str, cluster_scoped)) or "none"
        cause = f"the Source allows the cluster-scoped kinds {listed}, found {obj.group_kind}"
    return Problem(NOT_ALLOWED, cause, NOT_ALLOWED.remedy, object=obj)
