"""May we take over, may we delete, what is to be pruned: the tables of cli-utils, decided by our plan.

Their inventory id on an object is our label; MustMatch is `adopt: never`, both other policies are
`adopt: always`. By design ours never takes or deletes what another set holds, whatever the policy.
"""

import json

import pytest

from roadstead.model.assignment import Adopt, Assignment, TreePath
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.model.live import Live
from roadstead.model.manifests import Manifests
from roadstead.model.plan import Action
from roadstead.objects import canonical
from roadstead.stages.plan import compare

pytestmark = pytest.mark.suite

KEY = Key("web", "prod")
PARENT = Parent(fleet="shop", key=KEY, name="p", id="ours")
POLICIES = {"MustMatch": Adopt.NEVER, "AdoptIfNoInventory": Adopt.ALWAYS, "AdoptAll": Adopt.ALWAYS}
DIFFERENT = {"unmatched with AdoptAll"}
KINDS = {
    "pod": ("v1", "Pod"),
    "pdb": ("policy/v1", "PodDisruptionBudget"),
    "namespace": ("v1", "Namespace"),
    "crontab-cr(type unknown to the cluster)": ("stable.example.com/v1", "CronTab"),
}


def table(suite, name: str) -> list[dict]:
    lines = (suite("prune-and-adopt") / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def obj(name: str) -> dict:
    api_version, kind = KINDS[name]
    namespace = {} if kind == "Namespace" else {"namespace": "shop"}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "one", **namespace}}


def identify(name: str) -> ObjectId:
    return canonical.manifest(obj(name)).id


def situation(
    wanted: list[str], owned: list[str], live: dict[str, str], adopt: Adopt, **more
) -> compare.Situation:
    """`live` tells which set holds each object that exists."""
    made = tuple(canonical.manifest(obj(name)) for name in wanted)
    place = TreePath("", "apps")
    seen = {identify(name): Live(identify(name), "uid", "1", "g1", holder) for name, holder in live.items()}
    return compare.Situation(
        key=KEY,
        revision="commit",
        inventory=Inventory(PARENT, {identify(name): Entry(identify(name), "uid") for name in owned}),
        live=seen,
        assignment=Assignment("shop", "web", "prod", place, place, adopt=adopt),
        manifests=Manifests(KEY, made, "v1:x"),
        delete_precious=True,
        **more,
    )


def holder(case: dict) -> str:
    return {None: "", case["own_inventory_id"]: "ours"}.get(case["object_owner_annotation"], "another")


def test_may_an_object_be_taken_over(suite):
    different = []
    for case in table(suite, "can-apply"):
        found = compare.compare(situation(["pod"], [], {"pod": holder(case)}, POLICIES[case["policy"]]))
        allowed = any(one.action in (Action.ADOPT, Action.UPDATE) for one in found.changes)
        if allowed is not case["allowed"]:
            different.append(case["id"])
        assert allowed or found.problems, case["id"]
    assert set(different) == DIFFERENT


def test_may_an_object_be_deleted(suite):
    """Theirs asks the policy of each delete; ours deletes only what the inventory holds, so an object
    that lost its label is still ours, and one that another set holds never is."""
    different = []
    for case in table(suite, "can-prune"):
        found = compare.compare(situation([], ["pod"], {"pod": holder(case)}, POLICIES[case["policy"]]))
        allowed = any(one.action is Action.DELETE for one in found.changes)
        if allowed is not case["allowed"]:
            different.append(case["id"])
    assert set(different) == {*DIFFERENT, "empty with PolicyMustMatch"}


def test_what_is_to_be_pruned(suite):
    for case in table(suite, "prune-set"):
        known = [name for name in case["inventory"] if "unknown" not in name]
        given = situation(
            case["desired"],
            case["inventory"],
            dict.fromkeys({*known, *case["desired"]}, "ours"),
            Adopt.NEVER,
            unserved={GroupKind("stable.example.com", "CronTab"): False},
        )
        pruned = {one.id for one in compare.compare(given).changes if one.action is Action.DELETE}
        assert pruned == {identify(name) for name in case["expected_prune"]}, case["id"]
