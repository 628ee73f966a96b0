"""OpenAPI documents joined into one."""

import orjson
import pytest

from roadstead.model import reasons
from roadstead.model.errors import Problem, TransientError, error
from roadstead.world.blobs import Blobs
from roadstead.world.kube import schemas

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path)


def fetching(documents: dict[str, object]):
    async def fetch(path: str) -> dict:
        found = documents[path]
        if isinstance(found, Problem):
            raise error(found)
        return found  # type: ignore[return-value]

    return fetch


def index(*paths: str) -> dict:
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash=1"} for path in paths}}


def document(**found) -> dict:
    return {"components": {"schemas": found}, "paths": {"/x": {}}}


async def test_schemas_of_all_groups_without_prose(blobs):
    pod = {
        "description": "a pod",
        "type": "object",
        "properties": {
            "description": {"type": "string", "description": "a field that is called so"},
            "title": {"type": "string", "title": "x"},
        },
        "x-kubernetes-group-version-kind": [{"group": "", "kind": "Pod", "version": "v1"}],
    }
    fetch = fetching(
        {
            "/openapi/v3": index("apis/x.io/v1", "api/v1"),
            "/openapi/v3/api/v1?hash=1": document(Pod=pod, **{META: {"type": "object"}}),
            "/openapi/v3/apis/x.io/v1?hash=1": document(
                A={"allOf": [{"title": "t", "type": "x"}]}, **{META: {}}
            ),
        }
    )
    assert orjson.loads(blobs.get(await schemas.ask(fetch, blobs))) == {
        "components": {
            "schemas": {
                "A": {"allOf": [{"type": "x"}]},
                META: {"type": "object"},
                "Pod": {
                    "type": "object",
                    "properties": {"description": {"type": "string"}, "title": {"type": "string"}},
                    "x-kubernetes-group-version-kind": [{"group": "", "kind": "Pod", "version": "v1"}],
                },
            }
        }
    }


async def test_a_group_without_schemas_is_left_out(blobs):
    fetch = fetching(
        {
            "/openapi/v3": index("apis/x.io/v1", "apis/y.io/v1", "apis/z.io/v1"),
            "/openapi/v3/apis/x.io/v1?hash=1": document(A={}),
            "/openapi/v3/apis/y.io/v1?hash=1": Problem(reasons.SERVER_ERROR, "down"),
            "/openapi/v3/apis/z.io/v1?hash=1": {},
        }
    )
    assert orjson.loads(blobs.get(await schemas.ask(fetch, blobs))) == {"components": {"schemas": {"A": {}}}}


async def test_a_server_that_is_gone_meanwhile_gives_no_half_answer(blobs):
    fetch = fetching(
        {
            "/openapi/v3": index("apis/x.io/v1"),
            "/openapi/v3/apis/x.io/v1?hash=1": Problem(reasons.UNREACHABLE, "gone"),
        }
    )
    with pytest.raises(TransientError):
        await schemas.ask(fetch, blobs)


def counting(documents: dict[str, object], asked: list[str]):
    fetch = fetching(documents)

    async def counted(path: str) -> dict:
        asked.append(path)
        return await fetch(path)

    return counted


@pytest.mark.parametrize(
    ("before", "after", "requests"),
    [
        pytest.param(document(A={}), document(A={}), 1, id="what is known is not asked for again"),
        pytest.param(
            Problem(reasons.SERVER_ERROR, "down"), document(A={}), 2, id="half an answer is not known"
        ),
    ],
)
async def test_the_second_time(blobs, before, after, requests):
    documents = {"/openapi/v3": index("apis/x.io/v1"), "/openapi/v3/apis/x.io/v1?hash=1": before}
    await schemas.ask(fetching(documents), blobs)
    documents["/openapi/v3/apis/x.io/v1?hash=1"] = after
    asked: list[str] = []
    digest = await schemas.ask(counting(documents, asked), blobs)
    assert orjson.loads(blobs.get(digest)) == {"components": {"schemas": {"A": {}}}}
    assert len(asked) == requests


TWO = {
    "/openapi/v3": index("api/v1", "apis/x.io/v1"),
    "/openapi/v3/api/v1?hash=1": document(Pod={}),
    "/openapi/v3/apis/x.io/v1?hash=1": document(A={}),
}
HALF = TWO | {"/openapi/v3/apis/x.io/v1?hash=1": Problem(reasons.SERVER_ERROR, "down")}


def known(blobs, digest: str, *versions: str) -> list[str]:
    """The names of the schemas that are known of these versions."""
    found = [orjson.loads(blobs.get(one)) for one in schemas.documents(blobs, digest, versions)]
    return [name for one in found for name in one["components"]["schemas"]]


async def test_of_a_table_only_is_asked_for_what_is_wanted_and_once(blobs):
    asked: list[str] = []
    fetch = counting(TWO, asked)
    table = await schemas.ask(fetch, blobs, whole=False)
    assert known(blobs, table, "v1", "x.io/v1") == []
    for _ in range(2):
        await schemas.bring(fetch, blobs, table, ["x.io/v1", "nobody/v1"])
    assert known(blobs, table, "v1", "x.io/v1", "nobody/v1") == ["A"]
    assert asked == ["/openapi/v3", "/openapi/v3/apis/x.io/v1?hash=1"]


async def test_what_was_damaged_on_this_machine_is_asked_for_again(blobs):
    table = await schemas.ask(fetching(TWO), blobs, whole=False)
    await schemas.bring(fetching(TWO), blobs, table, ["v1"])
    (digest,) = schemas.documents(blobs, table, ["v1"])
    (place,) = blobs.root.rglob(digest)
    place.write_bytes(b"{")
    await schemas.bring(fetching(TWO), blobs, table, ["v1"])
    assert known(blobs, table, "v1") == ["Pod"]


async def test_what_a_group_does_not_answer_is_asked_for_again(blobs):
    table = await schemas.ask(fetching(HALF), blobs, whole=False)
    await schemas.bring(fetching(HALF), blobs, table, ["v1", "x.io/v1"])
    assert known(blobs, table, "v1", "x.io/v1") == ["Pod"]
    await schemas.bring(fetching(TWO), blobs, table, ["v1", "x.io/v1"])
    assert known(blobs, table, "v1", "x.io/v1") == ["Pod", "A"]


async def test_a_document_that_is_known_as_a_whole_needs_no_table(blobs):
    whole = await schemas.ask(fetching(TWO), blobs)
    asked: list[str] = []
    assert await schemas.ask(counting(TWO, asked), blobs, whole=False) == whole
    await schemas.bring(counting(TWO, asked), blobs, whole, ["v1"])
    assert asked == ["/openapi/v3"]
    assert known(blobs, whole, "v1") == ["A", "Pod"]


async def test_a_server_whose_addresses_do_not_tell_of_changes_is_asked_for_all(blobs):
    documents = {"/openapi/v3": {"paths": {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1"}}}}
    documents["/openapi/v3/api/v1"] = document(Pod={})
    digest = await schemas.ask(fetching(documents), blobs, whole=False)
    assert known(blobs, digest, "v1") == ["Pod"]
