"""The hub's chart, rendered by the library that renders charts of fleets."""

from pathlib import Path
from typing import Any

import yaml

from roadstead.stages.render.helm_engines import Library, Release

CHART = Path(__file__).parents[2] / "deploy" / "chart"
LEAST = {
    "image": {"repository": "images.shop.example/roadstead"},
    "config": {"fleet": "https://git.example/fleet"},
}


def render(values: dict[str, Any] | None = None, *, name: str = "hub") -> dict[str, dict[str, Any]]:
    """Its objects by kind, of which each comes once."""
    release = Release(name, "platform", {**LEAST, **(values or {})}, version="1.37.2")
    texts = [text for _, text in Library("4").render(CHART, release)]
    objects = [one for text in texts for one in yaml.safe_load_all(text) if one]
    found = {one["kind"]: one for one in objects}
    assert len(found) == len(objects)
    return found
