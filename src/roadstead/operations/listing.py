"""What a person asks by `get`: clusters, bundles and assignments as the documents make them."""

from collections import Counter
from collections.abc import Mapping

from roadstead.engine import fleet_loop, revision_loop
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model.assignment import Assignment, Chart
from roadstead.report.listings import Table
from roadstead.stages.fleet import selection


async def of(world: World, what: str, *, wide: bool = False) -> Table:
    desired = await revision_loop.read(world)
    if what == "clusters":
        return _clusters(world, desired, wide=wide)
    return _bundles(world, desired, wide=wide) if what == "bundles" else _assignments(world, desired)


def _clusters(world: World, desired: Desired, *, wide: bool) -> Table:
    chosen = fleet_loop.chosen(world, desired)
    counts = Counter(key.cluster for key in desired.resolution.assignments)
    labels = {one.name: _labels(one.labels) for one in chosen}
    return Table(
        ("NAME", "STATE", "PROFILES", "BUNDLES", "ACCESS", *(("LABELS",) if wide else ())),
        tuple(
            (
                one.name,
                str(one.state),
                ",".join(one.profiles) or "-",
                str(counts[one.name]),
                str(one.access),
                *((labels[one.name] or "-",) if wide else ()),
            )
            for one in chosen
        ),
        [
            {
                "name": one.name,
                "state": str(one.state),
                "profiles": list(one.profiles),
                "labels": dict(one.labels),
                "access": str(one.access),
                "identity": one.identity,
                "bundles": counts[one.name],
            }
            for one in chosen
        ],
    )


def _bundles(world: World, desired: Desired, *, wide: bool) -> Table:
    wanted, labels = fleet_loop.bundles(world.settings, desired), selection.bundle_labels(desired.documents)
    by_bundle: dict[str, list[Assignment]] = {}
    for key, one in desired.resolution.assignments.items():
        by_bundle.setdefault(key.bundle, []).append(one)
    blocked = Counter(key.bundle for key in desired.resolution.blocked)
    names = sorted({*desired.documents.bundles, *by_bundle, *blocked})
    rows = [
        (name, _sources(by_bundle.get(name, [])), str(len(by_bundle.get(name, []))), str(blocked[name]))
        for name in names
        if not wanted or name in wanted
    ]
    return Table(
        ("NAME", "SOURCE", "CLUSTERS", "BLOCKED", *(("LABELS",) if wide else ())),
        tuple((*row, _labels(labels.get(row[0], {})) or "-") if wide else row for row in rows),
        [
            {
                "name": name,
                "labels": dict(labels.get(name, {})),
                "source": source,
                "clusters": int(clusters),
                "blocked": int(stuck),
            }
            for name, source, clusters, stuck in rows
        ],
    )


def _labels(found: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(found.items()))


def _sources(assignments: list[Assignment]) -> str:
    return " | ".join(sorted({source(one) for one in assignments})) or "-"


def source(assignment: Assignment) -> str:
    found = assignment.source
    if isinstance(found, Chart):
        return f"{found.repository} {found.name} {found.version}".strip()
    return f"{found.source}:{found.path}" if found.source else found.path or "."


def _assignments(world: World, desired: Desired) -> Table:
    names = {cluster.name for cluster in fleet_loop.chosen(world, desired)}
    wanted = fleet_loop.bundles(world.settings, desired)
    found = [
        one
        for key, one in sorted(desired.resolution.assignments.items())
        if key.cluster in names and (not wanted or key.bundle in wanted)
    ]
    return Table(
        ("BUNDLE", "CLUSTER", "SOURCE", "VARIABLES"),
        tuple(
            (one.bundle, one.cluster, source(one), ", ".join(sorted(one.variables())) or "-") for one in found
        ),
        [
            {
                "bundle": one.bundle,
                "cluster": one.cluster,
                "source": source(one),
                "variables": [
                    {"name": name, "value": value, "from": layer.origin}
                    for layer in one.layers
                    for name, value in layer.values.items()
                ],
            }
            for one in found
        ],
    )
