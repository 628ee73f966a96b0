"""The inventory is a superset before, exact after, and never forgets what it should not."""

from msgspec import structs
from msgspec.structs import replace

from roadstead.model.inventory import Entry, short
from roadstead.model.plan import Action
from roadstead.stages import apply
from roadstead.stages.apply import ledger
from tests.stages.apply.building import change, entry, obj, owned, plan

A, B, C = (obj("v1/ConfigMap", name) for name in "abc")
KEPT = change(Action.UNCHANGED, A, live=True)
CREATED = change(Action.CREATE, B)
DROPPED = change(Action.DELETE, None, id=change(Action.CREATE, C).id, uid="uid")
GONE = change(Action.SKIP, None, id=DROPPED.id)
ANSWER = {**B, "metadata": {**B["metadata"], "uid": "new", "resourceVersion": "9"}}


def test_before_the_first_write_everything_that_may_exist_is_named():
    before = owned(entry(KEPT), entry(DROPPED))
    union = ledger.union(before, plan(KEPT, CREATED, DROPPED))
    assert set(union.entries) == {KEPT.id, CREATED.id, DROPPED.id}
    assert union.entries[CREATED.id] == Entry(CREATED.id, api_version="v1")
    assert union.entries[KEPT.id] == before.entries[KEPT.id]
    assert (union.parent.released, union.parent.commit, union.parent.applied) == (
        "v1:new",
        "commit",
        "v1:old",
    )


def test_a_renamed_bundle_is_written_under_its_new_name_and_keeps_its_id():
    former = owned(entry(KEPT))
    renamed = replace(plan(KEPT, CREATED), key=former.parent.key._replace(bundle="shop-web"))
    union = ledger.union(former, renamed)
    assert union.parent.key.bundle == "shop-web"
    assert (union.parent.id, union.parent.name) == (former.parent.id, former.parent.name)


def test_afterwards_it_holds_what_was_written_and_not_what_is_gone():
    stored = owned(entry(KEPT), Entry(CREATED.id), entry(DROPPED))
    written = {CREATED.id: ledger.entry(CREATED.manifest, ANSWER)}
    found = ledger.after(
        stored, plan(KEPT, CREATED, DROPPED), written=written, gone={DROPPED.id}, complete=True
    )
    assert set(found.entries) == {KEPT.id, CREATED.id}
    assert (found.entries[CREATED.id].uid, found.entries[CREATED.id].mark) == ("new", "v9")
    assert found.entries[CREATED.id].applied == short(CREATED.manifest.digest)
    assert found.parent.applied == "v1:new"


def test_what_failed_stays_known_and_the_applied_digest_does_not_move():
    stored = owned(entry(KEPT), Entry(CREATED.id), entry(DROPPED))
    found = ledger.after(stored, plan(KEPT, CREATED, DROPPED), written={}, gone=set(), complete=False)
    assert found.entries == stored.entries
    assert found.parent.applied == "v1:old"


def test_an_unchanged_object_is_remembered_as_the_plan_saw_it():
    old = entry(KEPT, mark="g0", signature="before")
    found = ledger.after(owned(old), plan(KEPT), written={}, gone=set(), complete=True)
    assert found.entries[KEPT.id] == entry(KEPT)


def test_that_a_job_failed_is_remembered_as_long_as_it_is_the_same_object():
    failed = ledger.remembering(owned(entry(KEPT), entry(DROPPED)), {KEPT.id})
    assert [one.failed for one in failed.entries.values()] == [True, False]
    for uid, expected in ((failed.entries[KEPT.id].uid, True), ("new", False)):
        written = {KEPT.id: structs.replace(entry(KEPT), uid=uid)}
        found = ledger.after(failed, plan(KEPT), written=written, gone=set(), complete=True)
        assert found.entries[KEPT.id].failed is expected


def test_an_object_left_in_drift_keeps_the_yardstick_it_had():
    left = replace(KEPT, action=Action.KEEP)
    old = entry(KEPT, mark="g0", signature="before")
    assert ledger.after(owned(old), plan(left), written={}, gone=set(), complete=True).entries[KEPT.id] == old


def test_what_the_plan_found_gone_or_anothers_is_forgotten():
    found = ledger.after(owned(entry(DROPPED)), plan(GONE), written={}, gone=set(), complete=True)
    assert found.entries == {}


def test_a_step_is_due():
    done = plan(KEPT, digest="v1:old")
    assert not apply.due(done, owned(entry(KEPT)))
    assert apply.due(plan(KEPT, CREATED, digest="v1:old"), owned(entry(KEPT))), "something is to be created"
    assert apply.due(plan(KEPT, GONE, digest="v1:old"), owned(entry(KEPT), entry(DROPPED))), (
        "something to be forgotten"
    )
    assert not apply.due(plan(KEPT, GONE, digest="v1:old"), owned(entry(KEPT))), "it is forgotten already"
    assert apply.due(done, owned()), "the inventory lost an object of ours"
    assert apply.due(plan(KEPT, digest="v1:new"), owned(entry(KEPT))), "another digest is fulfilled now"
