"""The description of the API holds: requests made of it at random are answered as it says."""

import asyncio
from pathlib import Path

import pytest

from roadstead.hub.api import routes
from tests.hub.api import stores

pytestmark = pytest.mark.whole


@pytest.fixture
async def hub(tmp_path):
    async with stores.serving(tmp_path) as made:
        await stores.fill(made)
        yield made


async def test_it_describes_every_resource_and_each_is_answered_as_it_says(hub):
    from tests.hub.api import trying

    shown = {"Authorization": f"Bearer {hub.token}"}
    tried = await asyncio.to_thread(trying.everything, f"{hub.address}/api/v1/openapi.json", shown)
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
