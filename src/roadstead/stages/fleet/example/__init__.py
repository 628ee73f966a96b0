"""The fleet repository that `roadstead init` writes: small, complete, and running on any cluster.

The files lie under tree/ as they are written, but for the clusters, which are the user's own. Writing
them to disk is the caller's.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from roadstead.stages.fleet import schema

_NAME = b"FLEET_NAME"
_CLUSTER = """{hint}
apiVersion: roadstead.dev/v1alpha1
kind: Cluster
metadata:
  name: {name}
spec:
  profiles: [{profile}]
  access:
    context: {context} # of your kubeconfig
"""


def files(fleet: str, clusters: Mapping[str, str]) -> dict[str, bytes]:
    """All files by path. `clusters` are names with their kubeconfig contexts; the first is for development,
    the others for production."""
    found = {path: data.replace(_NAME, fleet.encode()) for path, data in _tree()}
    for number, (name, context) in enumerate(clusters.items()):
        path = f"fleet/clusters/{name}.yaml"
        profile = "production" if number else "development"
        text = _CLUSTER.format(
            hint=schema.hint(path), name=name, profile=profile, context=json.dumps(context)
        )
        found[path] = text.encode()
    found[schema.FILE] = json.dumps(schema.every_kind(), indent=1).encode() + b"\n"
    return dict(sorted(found.items()))


def _tree() -> Iterator[tuple[str, bytes]]:
    yield from _files(resources.files(__name__) / "tree", "")


def _files(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        path = f"{above}{item.name}"
        if item.is_dir():
            yield from _files(item, f"{path}/")
        else:
            yield path, item.read_bytes()
