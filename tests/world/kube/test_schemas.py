"""OpenAPI documents joined into one."""

import orjson
import pytest

from roadstead.model import reasons
from roadstead.model.errors import Problem, TransientError, error
from roadstead.world.kube import schemas

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


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


async def test_schemas_of_all_groups_without_prose():
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
    assert orjson.loads(await schemas.ask(fetch)) == {
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


async def test_a_group_without_schemas_is_left_out():
    fetch = fetching(
        {
            "/openapi/v3": index("apis/x.io/v1", "apis/y.io/v1", "apis/z.io/v1"),
            "/openapi/v3/apis/x.io/v1?hash=1": document(A={}),
            "/openapi/v3/apis/y.io/v1?hash=1": Problem(reasons.SERVER_ERROR, "down"),
            "/openapi/v3/apis/z.io/v1?hash=1": {},
        }
    )
    assert orjson.loads(await schemas.ask(fetch)) == {"components": {"schemas": {"A": {}}}}


async def test_a_server_that_is_gone_meanwhile_gives_no_half_answer():
    fetch = fetching(
        {
            "/openapi/v3": index("apis/x.io/v1"),
            "/openapi/v3/apis/x.io/v1?hash=1": Problem(reasons.UNREACHABLE, "gone"),
        }
    )
    with pytest.raises(TransientError):
        await schemas.ask(fetch)
