"""Suspicions from metadata alone: which differences are noticed, once, and what becomes of lost labels."""

import pytest
from msgspec import structs
from msgspec.structs import replace

from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, Key
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.objects import kinds, ownership
from roadstead.stages.observe.stream import Selection
from roadstead.stages.observe.suspicions import Suspicions
from tests.stages.observe.objects import config_map, owned

CONFIG_MAPS = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
EVERYWHERE = Selection(CONFIG_MAPS, selector=ownership.PART_OF, metadata=True)
KIND = GroupKind("", "ConfigMap")


def live(name="a", *, labelled=True, **metadata):
    labels = {ownership.PART_OF: "applyset-x-v1"} if labelled else {}
    return owned(config_map(name, a="1"), labels=labels, **metadata)


def entry(obj):
    known = ownership.live(obj)
    return Entry(known.id, known.uid, "v1:00", known.signature, known.mark, "v1")


def expected(*objects):
    return {one.id: one for one in map(entry, objects)}


A, B = live("a"), live("b")
A_ID, B_ID = kinds.identify(A), kinds.identify(B)
BY_NAME = Selection(CONFIG_MAPS, "shop", "a", metadata=True)


class Case:
    """Suspicions that were fed a first list."""

    def __init__(self, *objects, **bundles):
        self.told = []
        self.suspicions = Suspicions(lambda bundle, one: self.told.append(f"{bundle}: {one}"))
        self.suspicions.expect(bundles or {"web": expected(A, B)})
        self.list(*objects)

    def list(self, *objects, selection=EVERYWHERE):
        for obj in objects:
            self.suspicions.seen(obj)
        self.suspicions.listed(selection, {kinds.identify(obj) for obj in objects})

    def news(self):
        told, self.told = self.told, []
        return told


def test_what_is_as_we_left_it_is_not_suspected():
    case = Case(A, B)
    case.suspicions.seen(A)
    assert case.news() == []
    assert case.suspicions.suspected("web") == []
    assert case.suspicions.live.keys() == {A_ID, B_ID}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"resourceVersion": "101"}, id="its version moved"),
        pytest.param({"generation": 2}, id="its generation moved"),
        pytest.param({"uid": "another"}, id="somebody made it anew"),
        pytest.param({"managedFields": []}, id="our entry is gone"),
    ],
)
def test_any_difference_is_suspected_once(changed):
    case = Case(A, B)
    case.suspicions.seen(live("a", **changed))
    case.suspicions.seen(live("a", **changed))
    assert case.news() == ["web: ConfigMap/shop/a"]
    assert case.suspicions.suspected("web") == [A_ID]
    assert case.suspicions.suspected("other") == []


def test_a_further_change_is_suspected_again():
    case = Case(A, B)
    case.suspicions.seen(live("a", resourceVersion="101"))
    case.suspicions.seen(live("a", resourceVersion="102"))
    assert case.news() == ["web: ConfigMap/shop/a"] * 2


def test_an_object_that_is_as_it_was_again_is_suspected_no_more():
    case = Case(A, B)
    case.suspicions.seen(live("a", generation=2))
    case.suspicions.seen(A)
    assert case.suspicions.suspected("web") == []


def test_nothing_is_suspected_before_it_was_listed():
    told = []
    suspicions = Suspicions(lambda bundle, one: told.append(one))
    suspicions.expect({"web": expected(A, B)})
    suspicions.listed(Selection(CONFIG_MAPS, "other", metadata=True), set())
    assert told == []
    assert not suspicions.unlabelled


def test_our_own_write_is_no_suspicion_once_it_is_on_record():
    case = Case(A, B)
    ours = live("a", generation=2)
    case.suspicions.seen(ours)  # the event comes before the inventory
    assert case.news() == ["web: ConfigMap/shop/a"]
    case.suspicions.expect({"web": expected(ours, B)})
    assert case.suspicions.suspected("web") == []
    assert case.news() == []


def test_a_change_between_our_write_and_its_record_is_not_lost():
    case = Case(B, web=expected(B))
    written = live("a", generation=1)
    case.suspicions.seen(written)
    case.suspicions.seen(live("a", generation=2))
    assert case.news() == []
    case.suspicions.expect({"web": expected(written, B)})
    assert case.news() == ["web: ConfigMap/shop/a"]


def test_a_write_that_is_under_way_is_not_judged():
    case = Case(A, B, web={A_ID: Entry(A_ID), B_ID: entry(B)})
    case.suspicions.seen(live("a", generation=5))
    case.suspicions.gone(EVERYWHERE, A)
    assert case.news() == []


def test_what_left_the_selection_is_judged_when_it_is_known_what_became_of_it():
    case = Case(A, B)
    case.suspicions.gone(EVERYWHERE, A)
    assert case.news() == []
    assert case.suspicions.unlabelled == {A_ID}
    case.list(live("a", labelled=False, resourceVersion="101"), selection=BY_NAME)
    assert case.news() == ["web: ConfigMap/shop/a"]
    assert case.suspicions.unlabelled == {A_ID}  # still to be followed by name
    case.suspicions.seen(live("a", labelled=False, resourceVersion="102"))
    assert case.news() == ["web: ConfigMap/shop/a"]


def test_what_was_deleted_is_suspected_and_followed_no_more():
    case = Case(A, B)
    case.suspicions.gone(EVERYWHERE, A)
    case.list(selection=BY_NAME)
    assert case.news() == ["web: ConfigMap/shop/a"]
    assert not case.suspicions.unlabelled
    assert A_ID not in case.suspicions.live


def test_what_may_not_be_followed_by_name_counts_as_gone():
    case = Case(A, B)
    case.suspicions.gone(EVERYWHERE, A)
    case.suspicions.lost(BY_NAME)
    case.suspicions.lost(EVERYWHERE)
    assert case.news() == ["web: ConfigMap/shop/a"]
    assert not case.suspicions.unlabelled


def test_an_object_that_has_its_label_again_needs_not_be_followed_by_name():
    case = Case(A, B)
    case.suspicions.gone(EVERYWHERE, A)
    case.suspicions.seen(A)
    assert not case.suspicions.unlabelled
    assert case.news() == []


def test_what_a_list_does_not_show_any_more_is_looked_for_by_name():
    case = Case(B)
    assert case.news() == []
    assert case.suspicions.unlabelled == {A_ID}
    case.list(B)  # a further list, while it is followed by name, changes nothing
    assert case.suspicions.unlabelled == {A_ID}


def test_a_list_of_one_namespace_says_nothing_of_others():
    case = Case(A, B)
    case.list(selection=replace(EVERYWHERE, namespace="other"))
    assert not case.suspicions.unlabelled
    assert case.suspicions.live.keys() == {A_ID, B_ID}


def test_an_object_that_went_before_anybody_expected_it_is_looked_for():
    case = Case(B, web=expected(B))
    case.suspicions.expect({"web": expected(A, B)})
    assert case.suspicions.unlabelled == {A_ID}
    case.list(selection=BY_NAME)
    assert case.news() == ["web: ConfigMap/shop/a"]
    case.suspicions.expect({"web": expected(A, B)})  # known to be gone: not looked for again
    assert not case.suspicions.unlabelled
    assert case.news() == []


def test_labelled_does_not_mean_ours():
    case = Case(A, B, live("copied"))
    case.suspicions.seen(live("copied", generation=2))
    case.suspicions.gone(EVERYWHERE, live("copied"))
    assert case.news() == []
    assert case.suspicions.live.keys() == {A_ID, B_ID}


def test_what_a_bundle_owns_no_more_is_not_suspected():
    case = Case(A, B)
    case.suspicions.seen(live("a", generation=2))
    case.news()
    case.suspicions.expect({"web": expected(B)})
    assert case.suspicions.suspected("web") == []
    case.suspicions.gone(EVERYWHERE, A)
    assert case.news() == []
    assert not case.suspicions.unlabelled


def test_an_object_that_was_handed_over_belongs_to_its_new_bundle():
    case = Case(A, B, web=expected(A), shop=expected(B))
    case.suspicions.expect({"shop": expected(A, B)})
    case.suspicions.expect({"web": {}})
    case.suspicions.seen(live("a", generation=2))
    assert case.news() == ["shop: ConfigMap/shop/a"]
    case.suspicions.expect({"shop": {}})
    case.suspicions.expect({"web": {}})
    assert case.suspicions.scopes == {}
    assert not case.suspicions.live


def scopes(case):
    return {kind: set(namespaces) for kind, namespaces in case.suspicions.scopes.items()}


def test_scopes_are_kinds_with_the_namespaces_where_something_is_owned():
    assert scopes(Case(A, B)) == {KIND: {"shop"}}


def test_a_view_is_brought_up_to_date_where_something_was_listed_since():
    other = structs.replace(ownership.live(A), id=A_ID._replace(kind="Secret"))
    stranger = ownership.live(live("stranger", labelled=False))
    kept = {other.id: other, stranger.id: stranger}
    before = {A_ID: ownership.live(A), B_ID: ownership.live(B), **kept}
    told = Suspicions(lambda bundle, one: None)
    told.expect({"web": expected(A, B)})
    assert told.current(before) == before
    changed = live("a", generation=2)
    told.seen(changed)
    told.listed(EVERYWHERE, {A_ID})
    told.listed(replace(BY_NAME, name="b"), set())
    assert told.current(before) == {A_ID: ownership.live(changed), **kept}


def written(obj, version):
    """What our write left, and the inventory that says so."""
    known = ownership.live(obj)
    parent = Parent("shop", Key("web", "c1"), "p", "applyset-x-v1")
    return Inventory(parent, {known.id: entry(obj)}), {known.id: version}


def test_what_we_just_created_is_not_missing_before_the_streams_bring_it():
    case = Case(A, B)
    new = live("n", resourceVersion="120")
    inventory, versions = written(new, "120")
    assert case.suspicions.wrote(inventory, versions) == [kinds.identify(new)]
    case.suspicions.expect({"other": inventory.entries})
    assert case.news() == []
    assert case.suspicions.unlabelled == set()
    case.suspicions.seen(new)
    assert case.news() == []


def test_an_event_from_before_our_write_is_passed_over_and_a_later_one_is_not():
    case = Case(A, B)
    ours = live("a", resourceVersion="120")
    inventory, versions = written(ours, "120")
    case.suspicions.wrote(inventory, versions)
    case.suspicions.expect({"web": inventory.entries | expected(B)})
    case.suspicions.seen(live("a", resourceVersion="110"))
    assert case.news() == []
    case.suspicions.seen(live("a", resourceVersion="130"))
    assert case.news() == ["web: ConfigMap/shop/a"]


def test_the_end_of_an_earlier_object_of_the_same_name_says_nothing_about_the_new_one():
    case = Case(A, B)
    new = live("a", uid="uid-2", resourceVersion="120")
    inventory, versions = written(new, "120")
    case.suspicions.wrote(inventory, versions)
    case.suspicions.expect({"web": inventory.entries | expected(B)})
    case.suspicions.gone(EVERYWHERE, A)
    assert case.news() == []
    assert case.suspicions.live[A_ID].uid == "uid-2"
