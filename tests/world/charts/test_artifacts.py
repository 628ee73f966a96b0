import base64
import io
import json
import tarfile

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.model.reasons import OUTSIDE_SNAPSHOT, SOURCE_UNREADABLE
from roadstead.world.charts import artifacts
from roadstead.world.git import objects, trees
from tests.engine.pools import Here
from tests.world.charts.servers import CHART_LAYER, packed

FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip"
ORAS = "application/vnd.oci.image.layer.v1.tar+gzip"
FILES = {"./deploy/a.yaml": "kind: A\n", "./kustomization.yaml": "resources: [deploy/a.yaml]\n"}


@pytest.fixture
def get(server, tmp_path):
    async def go(version: str = "1.0") -> artifacts.Artifact:
        repository = server.url.replace("http://", "oci://") + "/shop/app"
        return await artifacts.fetch(repository, version, cache=tmp_path / "cache", pool=Here(), deadline=60)

    return go


def put(server, files: dict[str, str] | bytes, *, tag: str = "1.0", layer_type: str = FLUX) -> str:
    data = files if isinstance(files, bytes) else packed(files)
    return server.put(data, name="shop/app", tag=tag, layer_type=layer_type)


def read(found: artifacts.Artifact) -> dict[str, str]:
    tree = trees.open(str(found.store), found.tree)
    return {file.path: tree.read(file.path).decode() for file in tree.walk()}


def links(*members: tuple[str, bytes, str]) -> bytes:
    """A packed folder with one member of each name, type and link's target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    return out.getvalue()


@pytest.mark.parametrize("layer_type", [FLUX, ORAS], ids=["pushed by flux", "pushed by oras"])
async def test_the_files_of_an_artifact_are_a_tree(server, get, layer_type):
    digest = put(server, FILES, layer_type=layer_type)
    found = await get()
    assert found.digest == digest
    assert read(found) == {name.removeprefix("./"): text for name, text in FILES.items()}


async def test_a_tag_is_asked_for_each_time_and_its_content_is_fetched_once(server, get):
    put(server, FILES)
    first = await get()
    assert (await get()).tree == first.tree
    assert [path.split("/")[-2] for _, path, _ in server.seen] == ["manifests", "blobs", "manifests"]
    put(server, {"b.yaml": "kind: B\n"})
    assert read(await get()) == {"b.yaml": "kind: B\n"}


async def test_a_digest_is_fetched_once_for_all(server, get):
    digest = put(server, FILES)
    first = await get(digest)
    server.pages.clear()
    server.seen.clear()
    assert await get(digest) == first
    assert not server.seen


async def test_a_tag_that_looks_like_a_digest_is_a_tag(server, get):
    digest = put(server, FILES)
    await get()
    tag = digest.replace(":", "-")
    put(server, {"signature": ""}, tag=tag)
    assert read(await get(tag)) == {"signature": ""}


@pytest.mark.parametrize("bearer", [False, True], ids=["password at every request", "token of a login"])
async def test_the_login_of_docker_is_used(server, get, tmp_path, bearer):
    server.login, server.bearer = "ann:secret", bearer
    put(server, FILES)
    with pytest.raises(RoadsteadError, match="no right to read"):
        await get()
    (tmp_path / "docker").mkdir()
    entry = {"auth": base64.b64encode(b"ann:secret").decode()}
    host = server.url.removeprefix("http://")
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {host: entry}}))
    assert read(await get())


@pytest.mark.parametrize("version", ["", "a/../b", "x y", "sha256:12", ":", "-a"])
async def test_what_is_no_tag_and_no_digest_is_refused_without_a_request(server, get, version):
    with pytest.raises(RoadsteadError, match="a tag or digest is needed"):
        await get(version)
    assert not server.seen


@pytest.mark.parametrize(
    ("content", "layer_type", "told"),
    [
        pytest.param(packed(FILES), CHART_LAYER, "it is a Helm chart", id="a chart"),
        pytest.param(b"kind: A", "text/yaml", "needed, found text/yaml", id="a single file"),
        pytest.param(b"kind: A", FLUX, "cannot be unpacked", id="no archive"),
        pytest.param(packed(FILES)[:60], FLUX, "cannot be unpacked", id="a torn archive"),
        pytest.param(packed({"a": "", "a/b": ""}), FLUX, "a file is named as a folder", id="file and folder"),
        pytest.param(links(("pipe", tarfile.FIFOTYPE, "")), FLUX, "only files, folders", id="a pipe"),
    ],
)
async def test_what_is_no_folder_is_refused(server, get, content, layer_type, told):
    put(server, content, layer_type=layer_type)
    with pytest.raises(RoadsteadError, match=told) as caught:
        await get()
    assert caught.value.problem.reason is SOURCE_UNREADABLE


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", ".git/config", "a/.GIT/hooks/x"])
async def test_names_that_lead_elsewhere_are_refused(server, get, name):
    put(server, {name: "x"})
    with pytest.raises(RoadsteadError) as caught:
        await get()
    assert caught.value.problem.reason is OUTSIDE_SNAPSHOT


async def test_links_lead_no_further_than_the_artifact(server, get):
    put(server, links(("out", tarfile.SYMTYPE, "/etc/passwd"), ("up", tarfile.SYMTYPE, "../../x")))
    found = await get()
    tree = trees.open(str(found.store), found.tree)
    assert {file.mode for file in tree.walk()} == {objects.LINK}
    for name in ("out", "up"):
        with pytest.raises(RoadsteadError) as caught:
            tree.read(name)
        assert caught.value.problem.reason is OUTSIDE_SNAPSHOT


async def test_what_unpacks_to_too_much_is_refused(server, get, monkeypatch):
    monkeypatch.setattr("roadstead.world.charts.unpack._LARGEST", 100)
    put(server, {"a": "x" * 101})
    with pytest.raises(RoadsteadError, match="larger than"):
        await get()
