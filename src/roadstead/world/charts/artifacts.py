"""Artifacts of manifests from an OCI registry, as `flux push artifact` and `oras push` make them of a folder.

The one packed layer becomes a Git tree in the cache (unpack.py), so that it is read as every other source is.
A tag is asked for again each time, as it may move; what stands under a digest is fetched once.
"""

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from roadstead.world.charts import http, registry, unpack
from roadstead.world.charts.http import Workers
from roadstead.world.charts.registry import Layer, Manifest, Registry
from roadstead.world.git import command, failures, stores

_REFERENCE = re.compile(r"\w[\w.-]{0,127}|sha256:[0-9a-f]{64}", re.ASCII)
_DIGEST = "sha256:"
_PACKED = "tar+gzip"


class Artifact(Struct, frozen=True):
    """`digest` is that of the manifest; its files are `tree` in `store`."""

    digest: str
    store: Path
    tree: str


async def fetch(repository: str, version: str, *, cache: Path, pool: Workers, deadline: float) -> Artifact:
    """`version` is a tag or a digest; `deadline` is in seconds, for everything together."""
    if not _REFERENCE.fullmatch(version):
        hint = "write a tag as 1.2.3, or a digest as sha256:…"
        raise http.unreadable(repository, f"a tag or digest is needed, found {version!r}", hint)
    until = command.until(deadline)
    place = stores.folder(cache, repository)
    async with stores.locked(place, until=until):
        store = await stores.bare(place / "store.git", until=until)
        if version.startswith(_DIGEST) and (known := _known(store, version)):
            return Artifact(version, store, known)
        async with http.session(deadline=deadline, where=repository) as session:
            opened = Registry(session, repository)
            manifest = await opened.manifest(version)
            known = _known(store, manifest.digest)
            if not known:
                packed = await opened.blob(_folder(manifest, opened.url))
                question = msgspec.msgpack.encode(unpack.Question(str(store), repository, packed))
                known = (await pool.run(unpack.JOB, question, deadline=deadline)).decode()
                _remember(store, manifest.digest, known)
    return Artifact(manifest.digest, store, known)


def _folder(manifest: Manifest, where: str) -> Layer:
    """The layer that is the packed folder."""
    if len(manifest.layers) == 1:
        layer = manifest.layers[0]
        if layer.type == registry.CHART:
            raise http.unreadable(where, "it is a Helm chart, no folder of manifests", "use helm for a chart")
        if layer.type.endswith(_PACKED):
            return layer
    found = ", ".join(layer.type for layer in manifest.layers) or "none"
    cause = f"one layer of a packed folder ({_PACKED}) is needed, found {found}"
    raise http.unreadable(where, cause, "push a folder, as `flux push artifact` or `oras push` do")


def _mark(store: Path, digest: str) -> Path:
    return store / f"{digest.removeprefix(_DIGEST)}.tree"


def _known(store: Path, digest: str) -> str:
    try:
        return _mark(store, digest).read_text()
    except OSError:
        return ""


def _remember(store: Path, digest: str, tree: str) -> None:
    mark = _mark(store, digest)
    with failures.of_files(f"writing the cache {store}"):
        half = mark.with_suffix(".half")
        half.write_text(tree)
        half.replace(mark)
