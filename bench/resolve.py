"""Loading and resolving a fleet of 1,000 clusters and 100 bundles: medians of seconds.

Run by itself with `python -m bench.resolve`. The aims are those of the design: loading 1,000 Cluster
documents well under 2 s, resolving 100,000 assignments under 1 s.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from roadstead.stages.fleet import load, resolve

CLUSTERS = 1_000
BUNDLES = 100
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Files:
    """A repository in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str) -> bytes:
        return self.files[path]

    def exists(self, path: str) -> bool:
        return path in self.files

    def glob(self, patterns: Sequence[str]) -> list[str]:
        wanted = [pattern.replace("**/", "*") for pattern in patterns]
        return sorted(name for name in self.files if any(fnmatchcase(name, one) for one in wanted))


def repository() -> Files:
    return Files({name: text.encode() for name, text in _documents()})


def _documents() -> Iterator[tuple[str, str]]:
    head = "apiVersion: roadstead.dev/v1alpha1\nkind:"
    yield (
        "roadstead.yaml",
        f"""{head} Fleet
metadata: {{name: bench}}
spec:
  labels: {{tier: [development, staging, production], provider: [aws, gcp, on-premise]}}
  variables: {{domain: bench.example}}
""",
    )
    for tier in ("development", "staging", "production"):
        yield (
            f"fleet/profiles/{tier}.yaml",
            f"""{head} Profile
metadata: {{name: {tier}}}
spec:
  labels: {{tier: {tier}}}
  variables: {{replicas: 3}}
  baseline: {{bundles: [app-0, app-1]}}
""",
        )
    for provider in ("aws", "gcp", "on-premise"):
        yield (
            f"fleet/profiles/{provider}.yaml",
            f"""{head} Profile
metadata: {{name: {provider}}}
spec: {{labels: {{provider: {provider}}}}}
""",
        )
    for number in range(CLUSTERS):
        tier = ("development", "staging", "production")[number % 3]
        provider = ("aws", "gcp", "on-premise")[number % 7 % 3]
        yield (
            f"fleet/clusters/c{number:04}.yaml",
            f"""# site {number}
{head} Cluster
metadata:
  name: c{number:04}
  labels: {{region: region-{number % 20}, canary: "{"true" if number % 50 == 0 else "false"}"}}
spec:
  profiles: [{tier}, {provider}]
  kubernetes: "1.36"
  identity: 00000000-0000-0000-0000-{number:012}
  variables: {{domain: c{number:04}.bench.example}}
  bundles: {{app-2: {{variables: {{replicas: 5}}}}}}
""",
        )
    for number in range(BUNDLES):
        yield (
            f"fleet/bundles/app-{number}/bundle.yaml",
            f"""{head} Bundle
metadata: {{name: app-{number}}}
spec:
  clusters: {{all: true}}
  parameters:
    replicas: {{type: integer, default: 2}}
    domain: {{type: string}}
  dependsOn: [{"" if number < 2 else f"{{bundle: app-{number % 2}}}"}]
  overrides:
    - clusters: {{matchLabels: {{provider: gcp}}}}
      patches: [{{target: {{kind: apps/Deployment}}, merge: {{spec: {{paused: false}}}}}}]
    - clusters: {{matchLabels: {{canary: "true"}}}}
      variables: {{replicas: 1}}
""",
        )


def medians(times: int, work: Callable[[], object]) -> str:
    """Of the time that passed, and of this process's own: others may share the machine."""
    passed, own = [], []
    for _ in range(times):
        start, before = time.perf_counter(), time.process_time()
        work()
        passed.append(time.perf_counter() - start)
        own.append(time.process_time() - before)
    return f"{statistics.median(passed):.2f} s, {statistics.median(own):.2f} s of CPU"


def main() -> None:
    files = repository()
    loaded = load.load(files)
    resolution = resolve.resolve(loaded, now=NOW)
    size = f"{len(resolution.clusters)} clusters, {len(resolution.assignments)} assignments"
    print(f"{size}, {len(resolution.problems)} problems")
    print(f"load all documents    {medians(5, lambda: load.load(files))}")
    print(f"resolve               {medians(5, lambda: resolve.resolve(loaded, now=NOW))}")
    print(f"make all assignments  {medians(5, lambda: list(resolution.assignments.values()))}")


if __name__ == "__main__":
    main()
