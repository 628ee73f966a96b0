"""`roadstead plan --from --to` over 100 clusters with 500 objects each, which differ between two commits in one
field of 50 objects; a tenth of the objects has placeholders with other values on each cluster.

The whole command in a process of its own. *Cold* is an empty cache, *cached* the same command again, *next
commit* one more field of one object. Rendering alone is bench/render.
"""

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench import measured, podinfo, render
from bench.measured import Measured
from roadstead.language import yaml

CLUSTERS, BUNDLES, OBJECTS, RUNS = 100, 5, 500, 3
_HEAD = "apiVersion: roadstead.dev/v1alpha1\nkind:"


def main() -> None:
    found: dict[str, list[Measured]] = {"cold": [], "cached": [], "next commit": []}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for name, one in _run(Path(folder)).items():
                found[name].append(one)
    print(f"{CLUSTERS} clusters, {BUNDLES} bundles, {OBJECTS} objects on each; medians of {RUNS} runs:")
    for name, runs in found.items():
        seconds = statistics.median(one.seconds for one in runs)
        processor = statistics.median(one.processor for one in runs)
        memory = statistics.median(one.memory for one in runs) / 1e6
        print(f"  {name:<12} {seconds:6.2f} s, of the processor {processor:6.2f} s, {memory:4.0f} MB")


def _run(folder: Path) -> dict[str, Measured]:
    fleet = folder / "fleet"
    podinfo.commit(fleet, _documents() | _manifests(replicas=2))
    podinfo.commit(fleet, _manifests(replicas=3))
    command = ("plan", "--fleet", str(fleet), "--from", "HEAD~1", "--to", "HEAD")
    environment = _environment(folder)
    times = {name: measured.roadstead(*command, environment=environment) for name in ("cold", "cached")}
    podinfo.commit(fleet, {"fleet/app-0/one.yaml": yaml.dump(render.deployment(OBJECTS))})
    return times | {"next commit": measured.roadstead(*command, environment=environment)}


def _documents() -> dict[str, str]:
    files = {"roadstead.yaml": f"{_HEAD} Fleet\nmetadata: {{name: bench}}\nspec: {{}}\n"}
    for number in range(CLUSTERS):
        files[f"fleet/clusters/c{number}.yaml"] = (
            f'{_HEAD} Cluster\nmetadata: {{name: c{number}}}\nspec: {{kubernetes: "1.37", '
            f"variables: {{tag: 1.0.{number}}}}}\n"
        )
    for number in range(BUNDLES):
        files[f"fleet/app-{number}/bundle.yaml"] = (
            f"{_HEAD} Bundle\nmetadata: {{name: app-{number}}}\n"
            "spec: {clusters: {all: true}, parameters: {tag: {type: string}}}\n"
        )
    return files


def _manifests(*, replicas: int) -> dict[str, str]:
    """Ten objects in a file, each file in the folder of one bundle; `replicas` are those of every tenth."""
    files = {}
    for start in range(0, OBJECTS, 10):
        objects = [render.deployment(number) for number in range(start, start + 10)]
        objects[-1]["spec"] = {**dict(objects[-1]["spec"]), "replicas": replicas}  # type: ignore[call-overload]
        files[f"fleet/app-{start * BUNDLES // OBJECTS}/web-{start}.yaml"] = yaml.dump_all(objects)
    return files


def _environment(folder: Path) -> Mapping[str, str]:
    return {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}


if __name__ == "__main__":
    main()
