"""What a Bundle's document says for all of its clusters, in the words of the model.

Defaults of the Fleet fill in, field by field, what the Bundle leaves open; what a Source allows is part
of every assignment that has its documents or its content from there.
"""

from typing import Any

from roadstead.model import assignment as model
from roadstead.model.ids import GroupKind
from roadstead.stages.fleet import content, documents, naming
from roadstead.stages.fleet.collection import Documents, Entry
from roadstead.stages.fleet.documents import parts


def common(loaded: Documents, entry: Entry[documents.Bundle]) -> dict[str, Any]:
    """The fields of an Assignment that are the same on all clusters."""
    spec, fleet = entry.model.spec, loaded.fleet.model
    versions = fleet.spec.renderers
    pinned = {model.Renderer.KUSTOMIZE: versions.kustomize, model.Renderer.HELM: versions.helm}
    allow = loaded.allowed(entry.source or (spec.source.source if spec.source else None) or "")
    return {
        "fleet": loaded.fleet.name,
        "bundle": entry.name,
        "home": content.home(entry),
        "parameters": {
            name: model.Parameter(one.type, one.description) for name, one in spec.parameters.items()
        },
        "values": tuple(_values(entry, one) for one in spec.values),
        "namespace": _namespace(spec.namespace),
        "exclude": tuple(target(one) for one in spec.exclude),
        "renderers": {str(name): version for name, version in pinned.items() if version is not None},
        "group": naming.group(entry),
        "drift": _drift(spec.drift, fleet.spec.defaults.drift),
        "deletion": _deletion(spec.deletion, fleet.spec.defaults.deletion),
        "adopt": spec.adopt or fleet.spec.defaults.adopt,
        "health": tuple(_health(rule) for rule in spec.health),
        "act_as": spec.act_as.service_account if spec.act_as else (allow.act_as or "" if allow else ""),
        "former_names": naming.former(entry),
        "allowed_namespaces": allow.namespaces if allow else None,
        "allowed_cluster_scoped": _cluster_scoped(allow),
        "bases": () if entry.source or allow else _unlimited(loaded),
    }


def _unlimited(loaded: Documents) -> tuple[str, ...]:
    """What a Source may do holds for all of a Bundle, so one with limits is no base of another's content."""
    return tuple(name for name, one in sorted(loaded.sources.items()) if one.model.spec.allow is None)


def target(written: parts.Target) -> model.Target:
    return model.Target(
        kind=GroupKind.parse(written.kind) if written.kind else None,
        name=written.name or "",
        namespace=written.namespace or "",
        labels=written.labels,
    )


def patch(written: parts.Patch, origin: str) -> model.Patch:
    sort, body = written.content()
    return model.Patch(target(written.target), sort, body, origin)


def _values(entry: Entry[documents.Bundle], written: documents.Values) -> model.Values:
    """A file that leads out of the repository has a fault; the Bundle is then frozen."""
    file = content.below(content.home(entry), written.file) if written.file is not None else None
    return model.Values(file=file, inline=written.inline, optional=written.optional)


def _namespace(written: documents.Namespace | None) -> model.Namespace | None:
    return model.Namespace(written.name, written.mode, written.create) if written is not None else None


def _drift(written: documents.Drift, defaults: documents.DriftDefaults) -> model.Drift:
    return model.Drift(
        mode=written.mode or defaults.mode,
        additions=written.additions or defaults.additions,
        ignore=tuple(model.FieldRule(target(rule), rule.path) for rule in written.ignore),
    )


def _deletion(written: documents.Deletion, defaults: documents.DeletionDefaults) -> model.Deletion:
    limit = written.limit if written.limit is not None else defaults.limit
    return model.Deletion(written.policy or defaults.policy, "" if limit is None else str(limit))


def _health(written: documents.HealthRule) -> model.HealthRule:
    return model.HealthRule(
        kind=GroupKind.parse(written.kind),
        ready=written.ready,
        failed=written.failed or "",
        progressing=written.progressing or "",
    )


def _cluster_scoped(allow: documents.Allow | None) -> tuple[GroupKind, ...] | None:
    if allow is None or "*" in allow.cluster_scoped:
        return None
    return tuple(GroupKind.parse(kind) for kind in allow.cluster_scoped)
