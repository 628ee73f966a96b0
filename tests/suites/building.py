"""Builds for suites: the renderers on others' files, before anything of ours is done to the objects."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson

from roadstead.language import canonical, yaml
from roadstead.model.errors import Problem
from roadstead.model.snapshot import Revision
from roadstead.objects import canonical as objects
from roadstead.stages.render import build
from roadstead.stages.render.context import Pool
from roadstead.stages.render.source import ClusterFacts
from roadstead.world.blobs import Blobs
from tests.stages.render.trees_of import Store, folder


class Built(msgspec.Struct):
    """`documents` are objects in canonical JSON, sorted, with where each came from."""

    documents: list[tuple[bytes, str]]
    problems: tuple[Problem, ...]

    @property
    def bodies(self) -> list[bytes]:
        return sorted(body for body, _ in self.documents)


class Builder:
    def __init__(self, pool: Pool, scratch: Path) -> None:
        self._pool = pool
        self.store = Store(scratch / "store")
        self._blobs = Blobs(scratch / "cache")

    def files(self, path: Path) -> Revision:
        return self.store.revision(folder(path))

    async def build(
        self,
        revision: Revision,
        path: str,
        *,
        renderer: str = "kustomize",
        inputs: Mapping[str, Any] | None = None,
        facts: ClusterFacts | None = None,
        pin: str = "",
    ) -> Built:
        request = build.Request(
            cache=str(self._blobs.root),
            renderer=renderer,
            source="",
            path=path,
            archive="",
            pin=pin,
            revisions={"": revision},
            facts={"facts": facts} if facts else {},
            cases=[dict(inputs or {})],
        )
        ((report, problems),) = build.answers(
            await self._pool.run(build.JOB, msgspec.msgpack.encode(request), deadline=120)
        )
        if report is None:
            return Built([], problems)
        items = build.items(report.key, self._blobs)
        return Built(
            [(canonical.dumps(orjson.loads(item.body)), item.origin) for item in items], report.findings
        )


def expected(path: Path | str) -> list[bytes]:
    """The documents of a stream as a sorted set, lists expanded."""
    text = path.read_bytes() if isinstance(path, Path) else path
    return sorted(canonical.dumps(value) for value in objects.split(yaml.load_all(text)))


def helm_inputs(*, release: str, namespace: str, values: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    return {
        "release": release,
        "namespace": namespace,
        "values": [{"inline": one} for one in values],
        "declared": [],
        "variables": {},
        "facts": "facts",
    }
