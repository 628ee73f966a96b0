"""The external suite of server-side apply: 118 cases, 290 operations."""

import json
from typing import Any

import pytest

from roadstead.sim.merge import checking, combining, contents, fields, managing, pathing, removing
from roadstead.sim.merge.comparing import equal
from roadstead.sim.merge.types import ABSENT, DEDUCED, Type
from tests.sim.merge import suite_schemas

NAME = "ssa-structured-merge"


class OneSchema:
    """All versions have the same schema, which a case may change."""

    def __init__(self, schemas: dict[str, Any], name: str | None) -> None:
        self.schemas = schemas
        self.name = name

    def type(self, version: str) -> Type:
        return suite_schemas.load(self.schemas[self.name], version) if self.name else DEDUCED

    def convert(self, value: Any, version: str) -> Any:
        return value


class Cached(OneSchema):
    def __init__(self, schemas: dict[str, Any], name: str | None) -> None:
        super().__init__(schemas, name)
        self.made: dict[tuple[str | None, str], Type] = {}

    def type(self, version: str) -> Type:
        key = (self.name, version)
        if key not in self.made:
            self.made[key] = super().type(version)
        return self.made[key]


def run(case: dict[str, Any], schemas: dict[str, Any]) -> tuple[Any, dict[str, managing.Owned], int]:
    versions = Cached(schemas, case["schema"])
    ignored = {version: fields.of_paths(paths) for version, paths in case.get("ignored_fields", {}).items()}
    manager = managing.Manager(versions, ignored)
    live: Any = {}
    owners: dict[str, managing.Owned] = {}
    done = 0
    for op in case["ops"]:
        done += 1
        if op["op"] == "ChangeSchema":
            versions.name = op["schema"]
            continue
        value, version, name = op["object"], op["apiVersion"], op["manager"]
        kind = versions.type(version)
        if op["op"] == "Update":
            owners = manager.update(live, value, version=version, owners=owners, manager=name)
            live = value
            continue
        checking.check(kind, value)
        if op["op"] == "ExtractApply":
            own = fields.leaves(owners[name].fields) if name in owners else {}
            held = removing.extract(kind, live, own)
            value = combining.merge(kind, ABSENT if held is None else held, value)
        force = op["op"] != "Apply"
        expected = {(each["manager"], tuple(each["path"])) for each in op.get("conflicts") or ()}
        try:
            live, owners = manager.apply(
                live, value, version=version, owners=owners, manager=name, force=force
            )
            found = set()
        except managing.Conflict as conflict:
            found = {(who, path) for who, held in conflict.fields.items() for path in fields.paths(held)}
        assert found == expected
    return live, owners, done


def test_every_case_of_the_suite_gives_the_objects_owners_and_conflicts_that_it_states(suite):
    folder = suite(NAME)
    schemas = json.loads((folder / "schemas.json").read_text())
    cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]
    assert len(cases) == 118
    operations = 0
    wrong = []
    for case in cases:
        try:
            operations += check(case, schemas)
        except Exception as error:
            wrong.append(f"{case['id']}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
    assert operations == 290


def check(case: dict[str, Any], schemas: dict[str, Any]) -> int:
    if case["expect"] == "error":
        with pytest.raises(pathing.MergeError):
            run(case, schemas)
        return len(case["ops"])
    live, owners, done = run(case, schemas)
    if "object" in case:
        assert equal(live or None, case["object"] or None), f"{live} is not {case['object']}"
    if "managed" in case:
        found = {name: (owned.version, set(fields.paths(owned.fields))) for name, owned in owners.items()}
        expected = {
            name: (each["apiVersion"], {tuple(path) for path in each["fields"]})
            for name, each in case["managed"].items()
        }
        assert found == expected, f"{found}\n   is not {expected}"
    return done


def test_what_an_object_contains_is_what_applying_it_would_own():
    assert contents.fields(DEDUCED, {"a": {"b": [1]}, "c": None}) == {"f:a": {".": {}, "f:b": {}}, "f:c": {}}
