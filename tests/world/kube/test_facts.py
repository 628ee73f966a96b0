"""Facts: what their digest covers, and their files."""

import pytest
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import UsageError
from roadstead.model.facts import ApiResource, Facts
from roadstead.world.blobs import Blobs
from roadstead.world.kube import facts
from tests.world.kube.serving import answer, refusal, serving
from tests.world.kube.test_client import NAMESPACES

POD = ApiResource("", "v1", "Pod", "pods", True, ("get", "list"))
METRIC = ApiResource("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", False, ("get",))


def digest(*resources: ApiResource, version: str = "1.37.2") -> str:
    return facts.digest(version, resources)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(digest(METRIC, POD), True, id="the order of discovery"),
        pytest.param(digest(replace(POD, verbs=("get",)), METRIC), True, id="verbs"),
        pytest.param(digest(POD), False, id="a kind less"),
        pytest.param(digest(replace(POD, version="v2"), METRIC), False, id="another version of a kind"),
        pytest.param(digest(replace(POD, namespaced=False), METRIC), False, id="another scope"),
        pytest.param(digest(POD, METRIC, version="1.37.3"), False, id="another version of the server"),
    ],
)
def test_what_the_digest_covers(other, same):
    assert (other == digest(POD, METRIC)) is same


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def known(cluster: str, schemas: str = "") -> Facts:
    return Facts(
        cluster,
        "1.37.2",
        "uid",
        (POD, METRIC),
        schemas,
        "2026-01-01T00:00:00Z",
        digest="d",
        labels={"a": "b"},
    )


def test_what_was_written_is_read_back(tmp_path, blobs):
    schemas = blobs.put(b"{}")
    for name in ("prod", "dev"):
        facts.write(tmp_path / "record", known(name, schemas), blobs)
    fresh = Blobs(tmp_path / "other")
    assert facts.read(tmp_path / "record", fresh) == {name: known(name, schemas) for name in ("prod", "dev")}
    assert fresh.get(schemas) == b"{}"
    assert len(list((tmp_path / "record" / "schemas").iterdir())) == 1


def test_a_record_is_the_same_whatever_the_order_of_discovery(tmp_path, blobs):
    written = []
    for resources in ((POD, METRIC), (METRIC, POD)):
        facts.write(tmp_path, replace(known("prod"), resources=resources), blobs)
        written.append((tmp_path / "prod.json").read_bytes())
    assert written[0] == written[1]


def test_an_empty_folder_holds_no_facts(tmp_path, blobs):
    assert facts.read(tmp_path / "gone", blobs) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cluster": 5}'])
def test_a_broken_record_is_an_error_that_names_the_file(tmp_path, blobs, text):
    (tmp_path / "prod.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        facts.read(tmp_path, blobs)
    assert caught.value.problem.reason is reasons.BAD_DOCUMENT
    assert caught.value.problem.place.file == str(tmp_path / "prod.json")


async def test_kinds_of_a_group_that_is_down_are_remembered(blobs):
    groups = [
        {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]}
    ]
    answers = {
        "/version": {"gitVersion": "v1.37.2"},
        "/api": NAMESPACES,
        "/apis": {"kind": "APIGroupDiscoveryList", "items": groups},
        "/api/v1/namespaces/kube-system": {"metadata": {"name": "kube-system", "uid": "u"}},
        "/openapi/v3": {"paths": {}},
    }

    async def handle(request):
        return answer(answers[request.path]) if request.path in answers else refusal(404, "NotFound", "no")

    async with serving(handle) as server, server.client() as client:
        before = await facts.ask(client, blobs)
        assert [one.kind for one in before.resources] == ["Namespace"]
        asked = await facts.ask(client, blobs, before=known("c1", "s"))
    assert asked.resources == (*before.resources, METRIC)
    assert asked.schemas == "s"
    assert asked.digest == digest(*before.resources, METRIC)
    assert (asked.identity, asked.labels) == ("u", {"roadstead.dev/minor": "1.37"})
