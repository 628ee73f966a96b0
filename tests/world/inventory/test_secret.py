"""An inventory survives as Secrets; one that was damaged is told apart from one that is empty."""

import base64
import copy

import pytest
from msgspec.structs import replace

from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.world.inventory import codec, names, secret

NAME = names.parent_name("shop", "payments/api")
PARENT = Parent(
    fleet="shop",
    key=Key("payments/api", "prod-eu-1"),
    name=NAME,
    id=names.applyset_id(NAME),
    writer="ci-7f",
    epoch=4,
    released="v1:aa",
    applied="v1:bb",
    last_good="v1:cc",
    commit="4be1",
    run="run-1",
    hold="night",
    deletion="orphan",
    depends_on=("ingress", "payments/db"),
    resource_version="17",
    uid="u",
)


def entries(count: int) -> dict[ObjectId, Entry]:
    ids = [ObjectId("apps", "Deployment", f"n{number % 3}", f"d{number}") for number in range(count)]
    ids.append(ObjectId("", "Namespace", "", "n0"))
    return {one: Entry(one, mark="g1", api_version="apps/v1") for one in ids}


def stored(inventory: Inventory) -> tuple[dict, dict[str, dict]]:
    """The Secrets as the server would give them back."""
    parts = codec.shards(inventory.entries, len(inventory.parent.shards))
    shards = {
        name: secret.encode_shard(inventory.parent, name, part)
        for name, part in zip(inventory.parent.shards, parts, strict=True)
    }
    return secret.encode(inventory), shards


SMALL = Inventory(PARENT, entries(3))
LARGE = Inventory(replace(PARENT, shards=("s0", "s1")), entries(3000))


@pytest.mark.parametrize("inventory", [SMALL, LARGE, Inventory(PARENT)], ids=["small", "sharded", "empty"])
def test_an_inventory_survives_with_all_its_pointers(inventory):
    assert secret.decode(*stored(inventory)) == inventory


def test_shards_that_the_index_does_not_name_are_strays():
    parent, shards = stored(LARGE)
    found = secret.decode(parent, shards | {"s9": shards["s0"]})
    assert (found.parent.shards, found.parent.strays) == (("s0", "s1"), ("s9",))
    assert found.entries == LARGE.entries


def test_the_parent_says_what_applyset_asks():
    metadata = secret.encode(SMALL)["metadata"]
    assert metadata["labels"]["applyset.kubernetes.io/id"] == PARENT.id
    assert metadata["annotations"]["applyset.kubernetes.io/tooling"] == "roadstead/v1"
    assert (
        metadata["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == "Deployment.apps,Namespace"
    )
    assert metadata["annotations"]["applyset.kubernetes.io/additional-namespaces"] == "n0,n1,n2"
    nothing = secret.encode(Inventory(PARENT))["metadata"]["annotations"]
    assert nothing["applyset.kubernetes.io/contains-group-kinds"] == ""


def test_so_many_namespaces_that_no_annotation_holds_them_are_not_listed():
    many = {ObjectId("", "ConfigMap", f"{number:060}", "a"): None for number in range(5000)}
    found = {one: Entry(one) for one in many}
    annotations = secret.encode(Inventory(PARENT, found))["metadata"]["annotations"]
    assert names.NAMESPACES_ANNOTATION not in annotations


def damage(change):
    parent, shards = copy.deepcopy(stored(LARGE))
    change(parent, shards)
    return parent, shards


def annotation(name, value):
    def change(parent, _):
        if value is None:
            del parent["metadata"]["annotations"][name]
        else:
            parent["metadata"]["annotations"][name] = value

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda p, s: p.pop("data"), "no key 'entries'", id="data removed"),
        pytest.param(lambda p, s: p["data"].clear(), "no key 'entries'", id="data emptied"),
        pytest.param(lambda p, s: p["data"].update(index="!"), "not base64", id="an index that is no base64"),
        pytest.param(
            lambda p, s: p["data"].update(index=base64.b64encode(b"{").decode()),
            "index of shards cannot be read",
            id="an index that is no JSON",
        ),
        pytest.param(lambda p, s: s.pop("s1"), "shard s1 is gone", id="a shard deleted"),
        pytest.param(
            lambda p, s: s["s1"].update(data=s["s0"]["data"]), "entries instead of", id="a shard overwritten"
        ),
        pytest.param(lambda p, s: s["s0"]["data"].update(entries="AAAA"), "cannot be read", id="rubbish"),
        pytest.param(annotation("roadstead.dev/bundle", None), "bundle is missing", id="no bundle"),
        pytest.param(annotation("roadstead.dev/epoch", None), "epoch is missing", id="no epoch"),
        pytest.param(
            annotation("roadstead.dev/epoch", "-1"), "epoch is '-1'", id="an epoch that is no number"
        ),
        pytest.param(
            annotation(names.TOOLING_ANNOTATION, "kubectl/v1.37.0"),
            "tooling is kubectl",
            id="another tool's set",
        ),
        pytest.param(
            lambda p, s: p["metadata"].update(name="copy"),
            "not the one made from its name",
            id="a copied Secret",
        ),
    ],
)
def test_a_damaged_inventory_is_refused_and_says_why(change, says):
    with pytest.raises(ValueError, match=says):
        secret.decode(*damage(change))
