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
    tree = resources.files(__name__) / "tree"
    found = {path: data.replace(_NAME, fleet.encode()) for path, data in below(tree)}
    for number, (name, context) in enumerate(clusters.items()):
        path = f"fleet/clusters/{name}.yaml"
        profile = "production" if number else "development"
        text = _CLUSTER.format(
            hint=schema.hint(path), name=name, profile=profile, context=json.dumps(context)
        )
        found[path] = text.encode()
    found[".gitignore"] = b"*.plan\n"  # as the tutorial saves them: a new file would change the fleet
    return dict(sorted({**found, **editors()}.items()))


def editors() -> dict[str, bytes]:
    """The file by which editors know the documents."""
    return {schema.FILE: json.dumps(schema.every_kind(), indent=1).encode() + b"\n"}


def below(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    """All files of a package's folder by their path in it."""
    for item in folder.iterdir():
        path = f"{above}{item.name}"
        if item.is_dir():
            yield from below(item, f"{path}/")
        else:
            yield path, item.read_bytes()
