"""Drafts as tables: what Git says, what the inventory remembers, what is there, what follows."""

import orjson
import pytest
from msgspec import structs
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.assignment import (
    Additions,
    Adopt,
    Assignment,
    Deletion,
    DeletionPolicy,
    Drift,
    DriftMode,
    TreePath,
)
from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent, short
from roadstead.model.live import Live
from roadstead.model.manifests import Manifest, Manifests
from roadstead.stages.plan import compare

KEY = Key("storefront", "prod")
OURS, THEIRS, STRANGE = "applyset-ours-v1", "applyset-theirs-v1", "applyset-strange-v1"
A = ObjectId("", "ConfigMap", "shop", "a")
B = ObjectId("", "ConfigMap", "shop", "b")
JOB = ObjectId("batch", "Job", "shop", "migrate")
NAMESPACE = ObjectId("", "Namespace", "", "shop")
ASSIGNMENT = Assignment("shop", "storefront", "prod", TreePath("", "apps"), TreePath("", "apps"))


def manifest(object_id, version="1", **annotations):
    body = {
        "apiVersion": "v1",
        "kind": object_id.kind,
        "metadata": {
            "name": object_id.name,
            "annotations": {f"roadstead.dev/{k}": v for k, v in annotations.items()},
        },
        "data": {"version": version},
    }
    return Manifest(object_id, "v1", orjson.dumps(body), f"v1:{version}{'d' * 40}")


def entry(object_id, version="1", **fields):
    return Entry(
        object_id,
        uid=f"uid-{object_id.name}",
        applied=short(manifest(object_id, version).digest),
        signature="s",
        mark="1",
        **fields,
    )


def live(object_id, part_of=OURS, **changed):
    whole = Live(object_id, f"uid-{object_id.name}", "100", "1", part_of, "s")
    return structs.replace(whole, **changed)


def draft(*, git=(), owned=(), there=(), assignment=ASSIGNMENT, **more):
    inventory = Inventory(Parent("shop", KEY, "parent", OURS), {one.id: one for one in owned})
    manifests = Manifests(KEY, tuple(git), "v1:all") if assignment else None
    situation = compare.Situation(
        KEY,
        "4be1",
        inventory,
        {one.id: one for one in there},
        assignment=assignment,
        manifests=manifests,
        parents={OURS: KEY, THEIRS: Key("ingress", "prod")},
        **more,
    )
    return compare.compare(situation)


def told(found):
    doubt = {change.id for change in found.doubtful}
    changes = [
        f"{change.action} {change.id}: {change.cause}" + (" ?" if change.id in doubt else "")
        for change in found.changes
    ]
    return changes + [
        f"{problem.reason} {problem.object or problem.bundle}: {problem.cause}" for problem in found.problems
    ]


@pytest.mark.parametrize(
    ("git", "owned", "there", "expected"),
    [
        pytest.param([manifest(A)], [], [], ["create ConfigMap/shop/a: not on the cluster yet"], id="new"),
        pytest.param([manifest(A)], [entry(A)], [live(A)], ["unchanged ConfigMap/shop/a: as applied"], id="nothing happened"),
        pytest.param([manifest(A, "2")], [entry(A)], [live(A)], ["update ConfigMap/shop/a: changed in Git ?"], id="Git changed"),
        pytest.param([manifest(A)], [entry(A)], [live(A, signature="x")], ["update ConfigMap/shop/a: touched since we applied it ?"], id="our entry changed"),
        pytest.param([manifest(A)], [entry(A)], [live(A, mark="2")], ["update ConfigMap/shop/a: touched since we applied it ?"], id="only the generation moved"),
        pytest.param([manifest(A)], [entry(A)], [live(A, uid="other")], ["update ConfigMap/shop/a: touched since we applied it ?"], id="recreated by somebody"),
        pytest.param([manifest(A)], [entry(A)], [], ["create ConfigMap/shop/a: deleted by somebody"], id="deleted by somebody"),
        pytest.param([manifest(A)], [Entry(A)], [live(A)], ["update ConfigMap/shop/a: an earlier apply was cut off ?"], id="an apply was cut off after its write"),
        pytest.param([], [Entry(A)], [live(A)], ["delete ConfigMap/shop/a: not in Git any more"], id="an apply was cut off after its write, and Git dropped it"),
        pytest.param([], [Entry(A)], [live(A, part_of="")], ["skip ConfigMap/shop/a: not in Git any more, and never written by us"], id="an apply was cut off before its write, and somebody else made it"),
        pytest.param([manifest(A)], [Entry(A)], [], ["create ConfigMap/shop/a: not on the cluster yet"], id="an apply was cut off before its write"),
        pytest.param([manifest(A)], [entry(A)], [live(A, part_of="")], ["update ConfigMap/shop/a: its ownership label was removed ?"], id="label removed"),
        pytest.param([manifest(A)], [], [live(A, part_of="")], ["adopt ConfigMap/shop/a: exists already ?"], id="a stranger's object"),
        pytest.param([manifest(A)], [], [live(A, part_of=STRANGE)], [f"OwnedByOther ConfigMap/shop/a: it belongs to the ApplySet {STRANGE}, which is not of this fleet"], id="another fleet's object"),
        pytest.param([], [entry(A)], [live(A)], ["delete ConfigMap/shop/a: not in Git any more"], id="dropped from Git"),
        pytest.param([], [entry(A)], [], ["skip ConfigMap/shop/a: not in Git any more, and gone already"], id="dropped and gone"),
        pytest.param([], [entry(A)], [live(A, uid="other")], ["skip ConfigMap/shop/a: not in Git any more; what is there now is another object"], id="dropped and replaced by somebody"),
        pytest.param([], [entry(A)], [live(A, part_of=THEIRS)], ["skip ConfigMap/shop/a: not in Git any more, and somebody else's by now"], id="dropped and taken"),
        pytest.param([], [entry(A)], [live(A, orphan=True)], ["orphan ConfigMap/shop/a: not in Git any more; left as an orphan, as asked"], id="dropped, marked to stay"),
        pytest.param([], [entry(NAMESPACE)], [live(NAMESPACE)], ["keep Namespace/shop: not in Git any more; a Namespace is deleted only when asked"], id="a namespace is precious"),
        pytest.param([manifest(JOB)], [entry(JOB)], [], ["skip Job/shop/migrate: ran already, and was removed since"], id="a finished job removed by its TTL"),
        pytest.param([manifest(JOB, "2")], [entry(JOB)], [], ["create Job/shop/migrate: deleted by somebody"], id="a job with new content runs anew"),
        pytest.param([manifest(JOB)], [entry(JOB, failed=True)], [], ["create Job/shop/migrate: failed, and was removed since"], id="a failed job removed by its TTL"),
        pytest.param([manifest(JOB, run="once")], [entry(JOB, failed=True)], [], ["create Job/shop/migrate: failed, and was removed since"], id="a failed job that runs once"),
        pytest.param([manifest(JOB, "2", run="once")], [entry(JOB)], [], ["skip Job/shop/migrate: ran already, and was removed since"], id="a job that runs once"),
        pytest.param([manifest(A, "2", apply="once")], [entry(A)], [live(A)], ["skip ConfigMap/shop/a: created once, as roadstead.dev/apply: once asks"], id="created once, changed in Git"),
        pytest.param([manifest(A, apply="once")], [entry(A)], [], ["skip ConfigMap/shop/a: created once, as roadstead.dev/apply: once asks"], id="created once, gone"),
    ],
)  # fmt: skip
def test_what_follows(git, owned, there, expected):
    assert told(draft(git=git, owned=owned, there=there)) == expected


def test_whose_the_object_of_another_fleet_is_is_told_where_it_was_asked_for():
    owner = Parent("store", Key("web", "prod"), "its-parent", STRANGE)
    found = draft(git=[manifest(A)], there=[live(A, part_of=STRANGE)], strangers={STRANGE: owner})
    assert told(found) == ["OwnedByOther ConfigMap/shop/a: it belongs to bundle web of fleet store"]


@pytest.mark.parametrize(
    ("git", "there", "additions", "asked"),
    [
        pytest.param("2", live(A), Additions.IGNORE, False, id="what Git alone changed"),
        pytest.param("2", live(A, mark="2"), Additions.IGNORE, True, id="what was touched, too"),
        pytest.param("1", live(A, mark="2"), Additions.IGNORE, True, id="what was touched"),
        pytest.param("2", live(A, part_of=""), Additions.IGNORE, True, id="what lost its label"),
        pytest.param("2", live(A), Additions.REMOVE, True, id="what others' additions are removed from"),
    ],
)
def test_where_nobody_is_shown_the_plan_the_server_is_asked_only_about(git, there, additions, asked):
    assignment = replace(ASSIGNMENT, drift=Drift(additions=additions))
    found = draft(git=[manifest(A, git)], owned=[entry(A)], there=[there], assignment=assignment)
    (change,) = compare.unshown(found, assignment).changes
    assert (change.verified, change.blind) == (not asked, not asked)


def test_an_object_that_moved_between_bundles_is_handed_over_and_never_deleted():
    receiving = draft(git=[manifest(A)], there=[live(A, part_of=THEIRS)], claims={A: ("storefront",)})
    assert told(receiving) == ["hand over ConfigMap/shop/a: moved here from bundle ingress ?"]
    giving = draft(owned=[entry(A)], there=[live(A)], claims={A: ("ingress",)})
    assert told(giving) == ["hand over ConfigMap/shop/a: moves to bundle ingress"]


def test_two_bundles_that_want_one_object_are_told_before_anything_is_touched():
    both = {A: ("ingress", "storefront")}
    newcomer = draft(git=[manifest(A)], claims=both)
    assert told(newcomer) == [
        "OwnedByOther ConfigMap/shop/a: on the same cluster it is in bundle ingress, too"
    ]
    holder = draft(git=[manifest(A)], owned=[entry(A)], there=[live(A)], claims=both)
    assert told(holder) == ["unchanged ConfigMap/shop/a: as applied"]


def test_nothing_is_done_to_objects_that_could_not_be_looked_for():
    problem = Problem(reasons.FORBIDDEN, "may not list configmaps")
    found = draft(git=[manifest(A)], owned=[entry(B)], unreadable={A: problem, B: problem})
    assert told(found) == [
        "keep ConfigMap/shop/b: not in Git any more; nothing is known of it now",
        "Forbidden ConfigMap/shop/a: may not list configmaps",
    ]


def test_what_may_move_to_a_bundle_that_cannot_be_rendered_is_kept():
    broken = {"unrendered": {"ingress", "storage"}}
    kept = "not in Git any more, unless it moves to bundle ingress or storage, which has errors"
    dropped = draft(owned=[entry(A)], there=[live(A)], **broken)
    assert told(dropped) == [f"keep ConfigMap/shop/a: {kept}"]
    removed = draft(owned=[entry(A)], there=[live(A)], assignment=None, **broken)
    assert told(removed) == [f"keep ConfigMap/shop/a: {kept}"]
    gone = draft(owned=[entry(A)], **broken)
    assert told(gone) == ["skip ConfigMap/shop/a: not in Git any more, and gone already"]


def test_an_unserved_kind_is_an_error_unless_its_definition_comes_with_the_change():
    assert told(draft(git=[manifest(A)], unserved={A.group_kind: True})) == [
        "create ConfigMap/shop/a: its kind comes with this change ?"
    ]
    assert told(draft(git=[manifest(A)], unserved={A.group_kind: False})) == [
        "NoSuchKind ConfigMap/shop/a: the cluster serves no kind ConfigMap (v1)"
    ]


def test_a_bundle_that_git_assigns_no_more_loses_everything_but_what_is_precious():
    found = draft(owned=[entry(A), entry(NAMESPACE)], there=[live(A), live(NAMESPACE)], assignment=None)
    assert [str(change.action) for change in found.changes] == ["delete", "keep"]


def test_precious_objects_go_when_asked():
    found = draft(owned=[entry(NAMESPACE)], there=[live(NAMESPACE)], delete_precious=True)
    assert [str(change.action) for change in found.changes] == ["delete"]


def test_a_bundle_whose_deletion_policy_is_orphan_leaves_its_objects():
    policy = replace(ASSIGNMENT, deletion=Deletion(DeletionPolicy.ORPHAN))
    assert [
        str(change.action) for change in draft(owned=[entry(A)], there=[live(A)], assignment=policy).changes
    ] == ["orphan"]


def test_a_bundle_that_adopts_nothing_says_so():
    found = draft(
        git=[manifest(A)],
        there=[live(A, part_of="", signature="")],
        assignment=replace(ASSIGNMENT, adopt=Adopt.NEVER),
    )
    assert told(found) == ["OwnedByOther ConfigMap/shop/a: it exists already and this bundle adopts nothing"]


def test_deletes_beyond_the_limit_are_all_held_back_and_the_rest_goes_on():
    limited = replace(ASSIGNMENT, deletion=Deletion(limit="20%"))
    found = draft(
        git=[manifest(JOB)], owned=[entry(A), entry(B)], there=[live(A), live(B)], assignment=limited
    )
    assert [str(change.action) for change in found.changes] == ["create", "keep", "keep"]
    assert [str(problem.reason) for problem in found.problems] == ["PruneLimited"]
    assert not draft(
        owned=[entry(A), entry(B)], there=[live(A), live(B)], assignment=limited, ignore_prune_limit=True
    ).problems


@pytest.mark.parametrize("mode", [DriftMode.REPORT, DriftMode.IGNORE])
def test_a_deleted_object_stays_deleted_where_drift_is_not_corrected(mode):
    lenient = replace(ASSIGNMENT, drift=Drift(mode))
    found = draft(git=[manifest(A)], owned=[entry(A)], assignment=lenient)
    assert told(found) == ["keep ConfigMap/shop/a: deleted by somebody; left so"]
    assert found.changes[0].drifted
