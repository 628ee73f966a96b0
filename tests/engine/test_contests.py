from roadstead.engine import contests
from roadstead.engine.contests import Contests
from roadstead.model.ids import ObjectId
from roadstead.model.plan import FieldChange

WEB = ObjectId("apps", "Deployment", "shop", "web")


def replicas(manager="hpa"):
    return [FieldChange("spec.replicas", 5, 3, manager)]


def test_the_fifth_correction_within_the_window_is_a_contest_that_names_the_others():
    fought = Contests()
    found = [fought.corrected(WEB, replicas("hpa" if n % 2 else "bob"), 60.0 * n) for n in range(5)]
    assert found[:4] == [None] * 4
    assert (found[4].fields, set(found[4].managers)) == (("spec.replicas",), {"hpa", "bob"})
    assert fought.of(WEB, 241.0) == found[4]


def test_corrections_that_are_far_apart_are_no_contest():
    fought = Contests()
    assert not any(fought.corrected(WEB, replicas(), 151.0 * n) for n in range(50))


def test_different_fields_are_counted_each_for_itself():
    fought = Contests()
    for n in range(20):
        assert fought.corrected(WEB, [FieldChange(f"data.k{n}", "a", "b", "bob")], float(n)) is None


def test_a_contested_object_is_left_alone_for_a_while_and_then_corrected_again():
    fought = Contests()
    for n in range(5):
        fought.corrected(WEB, replicas(), float(n))
    assert fought.of(WEB, contests.REST)
    assert fought.of(WEB, contests.REST + 10) is None
    assert fought.corrected(WEB, replicas(), contests.REST + 10) is None
