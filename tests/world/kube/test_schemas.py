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
