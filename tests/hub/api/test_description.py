"""The description of the API holds: requests made of it at random are answered as it says."""

import asyncio
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from roadstead.hub.api import routes
from tests.hub.api import stores

_EXAMPLES = 3  # for each resource and act, of each sort
_FREE_TEXT = {"selector", "after"}  # whose form no schema tells
# Who guesses credentials is told 429; the other two are done here, for in a query all is text: bundle=true is a name.
_OTHERS = [ignored_auth, positive_data_acceptance, negative_data_rejection]


@pytest.fixture
async def hub(tmp_path):
    async with stores.serving(tmp_path) as made:
        await stores.fill(made)
        yield made


async def test_it_describes_every_resource_and_each_is_answered_as_it_says(hub):
    shown = {"Authorization": f"Bearer {hub.token}"}
    tried = await asyncio.to_thread(_try_all, f"{hub.address}/api/v1/openapi.json", shown)
    described = (await hub.get("/openapi.json"))[1]["paths"]
    assert {*tried, "/api/v1/stream", "/api/v1/openapi.json"} == described.keys()


def test_the_page_for_people_names_every_resource():
    page = (Path(__file__).parents[3] / "docs/api.md").read_text()
    for one in routes.RESOURCES:
        assert f"| `{one.path}` | {one.about} |" in page


async def test_no_parameter_takes_what_it_is_not_said_to_take(hub):
    described = (await hub.get("/openapi.json"))[1]
    schemas = described["components"]["schemas"]
    tried = 0
    for path, methods in described["paths"].items():
        for one in methods.get("get", {"parameters": []})["parameters"]:
            schema = one["schema"].get("items", one["schema"])
            schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            is_text = schema.get("type") == "string" and "format" not in schema
            if one["in"] == "query":
                wrong = "x" * (schema["maxLength"] + 1) if is_text else "nothing such"
                where = path.removeprefix("/api/v1").replace("{name}", "web")
                status, told = await hub.get(where, **{one["name"]: wrong})
                assert (status, told["field"]) == (400, one["name"]), path
                tried += 1
    assert tried > 80


def _try_all(url: str, shown: dict[str, str]) -> list[str]:
    described = schemathesis.openapi.from_url(url, headers=shown)
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/stream"):
            continue  # without end; its messages have tests of their own
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            _try(operation, mode, shown)
        tried.append(operation.path)
    return tried


def _try(operation, mode, shown: dict[str, str]) -> None:
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=_EXAMPLES,
        phases=[hypothesis.Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def each(case) -> None:
        answer = case.call(headers=shown)
        case.validate_response(answer, excluded_checks=_OTHERS)
        if mode is schemathesis.GenerationMode.POSITIVE and answer.status_code == 400:
            wrong = answer.json().get("problems") or [answer.json()]
            assert {one["field"] for one in wrong} <= _FREE_TEXT

    each()
