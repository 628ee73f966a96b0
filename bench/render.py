"""How long it takes to render one bundle of 500 objects for 100 clusters.

`python -m bench.render`: medians of five runs. *Cold* is an empty cache and new worker processes, *disk* a
new process with a filled cache, *memory* the same process again. A tenth of the objects has placeholders
whose values differ on every cluster; the rest is shared.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import pygit2

from roadstead.engine.workers import WorkerPool
from roadstead.language import yaml
from roadstead.model.assignment import Assignment, Layer, Parameter, TreePath
from roadstead.model.snapshot import Revision, Snapshot
from roadstead.stages.render import render
from roadstead.stages.render.cache import Cache

OBJECTS, VARYING, CLUSTERS, RUNS = 500, 50, 100, 5


def deployment(number: int) -> dict[str, object]:
    name = f"web-{number}"
    image = "ghcr.io/shop/web:${tag}" if number < VARYING else "ghcr.io/shop/web:1.0.0"
    container = {
        "name": "web",
        "image": image,
        "args": ["--port=8080", "--level=info"],
        "env": [{"name": f"SETTING_{one}", "value": f"value-{one}"} for one in range(8)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "bench"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "bench", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def snapshot(folder: Path) -> Snapshot:
    repository = pygit2.init_repository(str(folder), bare=True)
    app = repository.TreeBuilder()
    for start in range(0, OBJECTS, 10):
        text = yaml.dump_all(deployment(number) for number in range(start, start + 10))
        app.insert(f"web-{start}.yaml", repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB)
    root = repository.TreeBuilder()
    root.insert("app", app.write(), pygit2.enums.FileMode.TREE)
    return Snapshot(Revision("", "", "", "", str(root.write()), str(folder)))


def assignments() -> list[Assignment]:
    return [
        Assignment(
            *("bench", "web", f"cluster-{number}", TreePath("", "app"), TreePath("", "app")),
            parameters={"tag": Parameter("string")},
            layers=(Layer("Cluster", {"tag": f"1.0.{number}"}),),
        )
        for number in range(CLUSTERS)
    ]


async def measure() -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"cold": [], "disk": [], "memory": []}
    with tempfile.TemporaryDirectory() as scratch:
        source, wanted = snapshot(Path(scratch) / "store"), assignments()
        for run in range(RUNS):
            root = Path(scratch) / f"cache-{run}"
            async with WorkerPool() as pool:
                times["cold"].append(await timed(wanted, source, pool, Cache(root)))
            async with WorkerPool() as pool:
                cache = Cache(root)
                times["disk"].append(await timed(wanted, source, pool, cache))
                times["memory"].append(await timed(wanted, source, pool, cache))
    return times


async def timed(wanted: list[Assignment], source: Snapshot, pool: WorkerPool, cache: Cache) -> float:
    began = time.perf_counter()
    made = await render.render(wanted, source, {}, pool=pool, cache=cache)
    seconds = time.perf_counter() - began
    assert all(len(one) == OBJECTS and not one.findings for one in made.values())
    return seconds


def main() -> None:
    times = asyncio.run(measure())
    print(f"render {OBJECTS} objects x {CLUSTERS} clusters, {VARYING} objects with placeholders:")
    for name, seconds in times.items():
        print(f"  {name:<7} {statistics.median(seconds):6.3f} s (of {len(seconds)} runs)")


if __name__ == "__main__":
    main()
