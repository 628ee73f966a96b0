"""Rendered manifests as YAML, secrets taken out, each bundle under a comment that names it."""

from collections.abc import Iterable

import orjson

from roadstead.language import yaml
from roadstead.model.manifests import Manifests
from roadstead.objects import redact


def yaml_text(found: Iterable[Manifests]) -> str:
    parts = []
    for one in found:
        objects = [redact.secret(orjson.loads(manifest.body)) for manifest in one]
        parts.append(f"# bundle {one.key.bundle} on {one.key.cluster}\n{yaml.dump_all(objects)}")
    return "---\n".join(parts)
