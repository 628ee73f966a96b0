"""The same problem is told once, with all the places it happened at."""

from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.ids import ObjectId
from roadstead.report import problems

HINT = f"  hint: {reasons.FORBIDDEN.remedy}"


def told(*found: Problem) -> list[str]:
    return [line.text for line in problems.lines(found)]


def problem(bundle: str, cluster: str, reason=reasons.FORBIDDEN) -> Problem:
    return Problem(reason, "may not", bundle=bundle, cluster=cluster)


def test_one_problem_names_its_cluster_and_bundle():
    assert told(problem("web", "eu")) == ["error: eu web: Forbidden: may not", HINT]


def test_a_problem_on_many_clusters_is_one_line_for_each_bundle():
    found = [problem(bundle, cluster) for bundle in ("web", "api") for cluster in "abcdef"]
    assert told(*found) == [
        "error: web: Forbidden: may not  [6 clusters: a, b, c, d and 2 more]",
        HINT,
        "error: api: Forbidden: may not  [6 clusters: a, b, c, d and 2 more]",
        HINT,
    ]


def test_what_one_error_freezes_is_one_line_for_all_bundles():
    found = [problem(bundle, cluster, reasons.FROZEN) for bundle in ("web", "api") for cluster in "ab"]
    assert told(*found)[0] == "error: Frozen: may not  [2 bundles: api, web; 2 clusters: a, b]"


def test_why_many_objects_were_not_tried_is_one_line():
    objects = [ObjectId("", "ConfigMap", "shop", f"c{number}") for number in range(9)]
    found = [replace(problem("web", "eu", reasons.INTERRUPTED), object=one) for one in objects]
    assert told(*found)[0] == (
        "error: eu web: Interrupted: may not  [9 objects: ConfigMap/shop/c0, ConfigMap/shop/c1, "
        "ConfigMap/shop/c2, ConfigMap/shop/c3 and 5 more]"
    )


def test_errors_come_first_and_hints_below():
    warning = Problem(reasons.SELECTS_NOTHING, "no cluster matches", "look", severity=Severity.WARNING)
    assert told(warning, problem("web", "eu")) == [
        "error: eu web: Forbidden: may not",
        HINT,
        "warning: SelectsNothing: no cluster matches",
        "  hint: look",
    ]


def test_that_a_cluster_is_away_is_told_once_whatever_was_asked_of_it():
    found = [
        Problem(
            reasons.UNREACHABLE,
            f"no answer within {7 + number} s",
            bundle="web",
            cluster="eu",
            object=ObjectId("", "ConfigMap", "shop", name),
            action=action,
        )
        for number, (name, action) in enumerate([("a", "create"), ("b", "update")])
    ]
    found.append(Problem(reasons.UNREACHABLE, "connection refused", bundle="web", cluster="us"))
    assert told(*found)[::2] == [
        "error: eu web: create failed (Unreachable): no answer within 7 s  [2 objects: ConfigMap/shop/a, ConfigMap/shop/b]",
        "error: us web: Unreachable: connection refused",
    ]
