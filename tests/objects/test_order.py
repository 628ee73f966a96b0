"""Expectations are drawings: one line a level."""

import json
from itertools import pairwise

import pytest

from roadstead.language import yaml
from roadstead.model.errors import StalledError
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds, marks, order

CRD = "apiextensions.k8s.io/CustomResourceDefinition"


def obj(name, *, namespace="", phase="", weight="", needs="", hook="", **more):
    """`name` is Kind/name or group/Kind/name."""
    kind, _, name = name.rpartition("/")
    group, _, kind = kind.rpartition("/")
    notes = {
        marks.PHASE: phase,
        marks.HOOK: hook,
        marks.HOOK_WEIGHT: weight,
        marks.DEPENDS_ON: needs,
    }
    metadata = {"name": name, "annotations": {key: value for key, value in notes.items() if value}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": metadata, **more}


def turns(objects):
    return order.turns({kinds.identify(one): one for one in objects})


def drawn(objects):
    rows = {}
    for one, turn in turns(objects).items():
        rows.setdefault(turn.level, []).append(f"{one.kind}/{one.name}")
    assert sorted(rows) == list(range(len(rows))), "no level is empty"
    return [" ".join(sorted(rows[level])) for level in sorted(rows)]


def awaited(objects):
    """What anybody waits for."""
    return {str(need) for turn in turns(objects).values() for need in turn.ready}


def definition(name, group, kind, **more):
    spec = {"group": group, "names": {"kind": kind}, "scope": "Namespaced"}
    return obj(f"{CRD}/{name}", spec=spec, **more)


BUNDLE = [
    obj("admissionregistration.k8s.io/ValidatingWebhookConfiguration/w"),
    obj("apps/Deployment/web", namespace="shop"),
    obj("x.io/Thing/t", namespace="shop"),
    obj("Service/web", namespace="shop"),
    obj("ConfigMap/c", namespace="shop"),
    obj("rbac.authorization.k8s.io/RoleBinding/r", namespace="shop"),
    obj("ServiceAccount/web", namespace="shop"),
    obj("scheduling.k8s.io/PriorityClass/high"),
    obj("Namespace/shop"),
    definition("things", "x.io", "Thing"),
]


def test_kinds_that_others_refer_to_come_first_and_gates_last():
    assert drawn(BUNDLE) == [
        "CustomResourceDefinition/things Namespace/shop PriorityClass/high",
        "ServiceAccount/web",
        "ConfigMap/c RoleBinding/r Service/web",
        "Deployment/web",
        "Thing/t",
        "ValidatingWebhookConfiguration/w",
    ]


def test_only_a_definition_is_awaited_and_a_namespace_written_before():
    assert awaited(BUNDLE) == {"CustomResourceDefinition/things"}
    shop = ObjectId("", "Namespace", "", "shop")
    assert all(turn.written == {shop} for one, turn in turns(BUNDLE).items() if one.namespace)


HOOKS = [
    obj("batch/Job/migrate", namespace="shop", hook="pre-upgrade,pre-install", weight="2"),
    obj("ConfigMap/for-migrate", namespace="shop", hook="pre-upgrade,pre-install", weight="2"),
    obj("batch/Job/backup", namespace="shop", hook="pre-upgrade,pre-install", weight="-1"),
    obj("apps/Deployment/web", namespace="shop"),
    obj("ConfigMap/c", namespace="shop"),
    obj("batch/Job/smoke", namespace="shop", phase="after"),
    obj("Namespace/shop"),
]


def test_phases_come_around_the_rest_and_weights_order_them():
    assert drawn(HOOKS) == [
        "Namespace/shop",
        "Job/backup",
        "ConfigMap/for-migrate",
        "Job/migrate",
        "ConfigMap/c",
        "Deployment/web",
        "Job/smoke",
    ]


def test_everything_before_a_phase_is_awaited_but_definitions():
    everything = {str(kinds.identify(one)) for one in HOOKS}
    assert everything - awaited(HOOKS) == {"Job/shop/smoke", "Namespace/shop"}
    assert awaited(HOOKS[:-2]) == {"Job/shop/migrate", "ConfigMap/shop/for-migrate", "Job/shop/backup"}


def test_a_reference_goes_before_the_order_by_kind():
    objects = [
        obj("ConfigMap/late", namespace="shop", needs="apps/namespaces/shop/Deployment/db"),
        obj("apps/Deployment/web", namespace="shop", needs="/namespaces/shop/ConfigMap/late"),
        obj("apps/Deployment/db", namespace="shop"),
        obj("ConfigMap/c", namespace="shop"),
    ]
    assert drawn(objects) == ["ConfigMap/c", "Deployment/db", "ConfigMap/late", "Deployment/web"]
    assert awaited(objects) == {"Deployment/shop/db", "ConfigMap/shop/late"}


def test_a_namespace_that_waits_takes_what_lives_in_it_along():
    objects = [
        obj("Namespace/b", needs="apps/namespaces/a/Deployment/operator"),
        obj("ConfigMap/c", namespace="b"),
        obj("apps/Deployment/operator", namespace="a"),
        obj("Namespace/a"),
    ]
    assert drawn(objects) == ["Namespace/a", "Deployment/operator", "Namespace/b", "ConfigMap/c"]


def test_a_cycle_is_an_error_that_names_it():
    objects = [
        obj("ConfigMap/a", needs="/ConfigMap/b"),
        obj("ConfigMap/b", needs="/ConfigMap/c"),
        obj("ConfigMap/c", needs="/ConfigMap/a"),
        obj("ConfigMap/d", needs="/ConfigMap/a"),
    ]
    with pytest.raises(StalledError) as raised:
        turns(objects)
    told = raised.value.problem.cause
    assert told.startswith("objects need each other: ")
    steps = told.removeprefix("objects need each other: ").split(" needs ")
    assert len(steps) == 4
    assert steps[0] == steps[-1]
    follows = {"ConfigMap/a": "ConfigMap/b", "ConfigMap/b": "ConfigMap/c", "ConfigMap/c": "ConfigMap/a"}
    assert all(follows[one] == other for one, other in pairwise(steps))
    assert raised.value.problem.place.field == 'metadata.annotations["config.kubernetes.io/depends-on"]'


def test_a_reference_out_of_the_bundle_orders_nothing_and_is_not_waited_for():
    objects = [obj("ConfigMap/a", needs="/ConfigMap/elsewhere"), obj("ConfigMap/b")]
    assert drawn(objects) == ["ConfigMap/a ConfigMap/b"]
    assert awaited(objects) == set()


def test_what_needs_an_object_of_a_later_phase_goes_there_with_it():
    objects = [
        obj("batch/Job/migrate", phase="before", needs="apps/Deployment/db"),
        obj("apps/Deployment/db"),
    ]
    assert drawn(objects) == ["Deployment/db", "Job/migrate"]
    assert awaited(objects) == {"Deployment/db"}


CONFIG = obj("ConfigMap/config", namespace="shop")
SHOP = obj("Namespace/shop")
BEFORE, LATER = (
    obj("batch/Job/before", hook="pre-install"),
    obj("batch/Job/later", hook="pre-install", weight="5"),
)
AFTER = obj("batch/Job/after", namespace="shop", hook="post-install")
NAMED = obj("ConfigMap/named", namespace="shop", needs="/namespaces/shop/ConfigMap/config")
THING = obj("x.io/Thing/t", namespace="shop")


@pytest.mark.parametrize(
    ("name", "objects", "written", "ready"),
    [
        pytest.param("config", [CONFIG], set(), set(), id="nothing"),
        pytest.param("config", [CONFIG, SHOP], {"shop"}, set(), id="its namespace, written"),
        pytest.param("after", [AFTER, SHOP], {"shop"}, set(), id="its namespace, in a phase"),
        pytest.param("shop", [BEFORE, SHOP], set(), set(), id="no phase, of a namespace"),
        pytest.param(
            "t", [THING, definition("d", "x.io", "Thing")], set(), {"d"}, id="its definition, ready"
        ),
        pytest.param("named", [NAMED, CONFIG], set(), {"config"}, id="what an annotation names, ready"),
        pytest.param("config", [CONFIG, BEFORE], set(), {"before"}, id="the phase before, ready"),
        pytest.param("later", [LATER, BEFORE], set(), {"before"}, id="a lower weight of its phase"),
        pytest.param("before", [LATER, BEFORE, CONFIG], set(), set(), id="no higher weight, no later phase"),
        pytest.param(
            "after", [AFTER, CONFIG, BEFORE], set(), {"config", "before"}, id="all of earlier phases"
        ),
    ],
)
def test_an_object_needs(name, objects, written, ready):
    turn = next(turn for one, turn in turns(objects).items() if one.name == name)
    assert {one.name for one in turn.written} == written
    assert {one.name for one in turn.ready} == ready


def test_the_order_does_not_depend_on_how_objects_are_given():
    assert turns(BUNDLE) == turns(BUNDLE[::-1])


def cases(suite, name):
    lines = (suite("rollout-and-order") / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_suite_cli_utils_graph(suite):
    for case in cases(suite, "cli-utils-graph"):
        needs = {
            vertex: [f"/ConfigMap/{b}" for a, b in case["edges"] if a == vertex]
            for vertex in case["vertices"]
        }
        objects = [obj(f"ConfigMap/{vertex}", needs=",".join(named)) for vertex, named in needs.items()]
        if case["expect_cycle_error"]:
            with pytest.raises(StalledError):
                turns(objects)
            continue
        expected = [" ".join(f"ConfigMap/{one}" for one in level) for level in case["expected_levels"]]
        assert drawn(objects) == expected, case["id"]


KAPP_GROUP = "kapp.k14s.io/change-group"
KAPP_RULE = "kapp.k14s.io/change-rule"


def test_suite_kapp_change_graph(suite):
    """Its rules are rewritten as references; what must come first must have a lower level. Rules about
    deletes (one case) have no counterpart: ours are the exact reverse."""
    for case in cases(suite, "kapp-change-graph"):
        objects = rewritten(yaml.load_all(case["manifests_yaml"]))
        if "expected_error_contains" in case:
            with pytest.raises(StalledError, match="need each other"):
                turns(objects)
            continue
        found = {f"{one.kind.lower()}/{one.name}": turn.level for one, turn in turns(objects).items()}
        deleting = case["op"] == "delete"
        if deleting and KAPP_RULE in case["manifests_yaml"]:
            continue
        for earlier, later in edges(case["expected_graph"]):
            first, second = (later, earlier) if deleting else (earlier, later)
            assert found[first] < found[second], f"{case['id']}: {earlier} goes before {later}"


def rewritten(objects):
    groups, rules = {}, []
    for one in objects:
        one.setdefault("apiVersion", "v1")
        notes = one["metadata"].get("annotations") or {}
        name = kinds.identify(one)
        for key, value in notes.items():
            if key.startswith(KAPP_GROUP):
                groups.setdefault(value, []).append(name)
            if key.startswith(KAPP_RULE):
                rules.append((name, *value.split(maxsplit=3)))
    needs = {kinds.identify(one): [] for one in objects}
    for name, _, when, what, group in rules:
        for other in groups.get(group, []) if what == "upserting" else []:
            needs[other if when == "before" else name].append(name if when == "before" else other)
    for one in objects:
        told = [
            "/".join(
                [
                    need.group,
                    *(["namespaces", need.namespace] if need.namespace else []),
                    need.kind,
                    need.name,
                ]
            )
            for need in needs[kinds.identify(one)]
        ]
        one["metadata"]["annotations"] = {marks.DEPENDS_ON: ",".join(told)} if told else {}
    return objects


def edges(graph):
    """Pairs of what must come first and what follows: a child line is needed by the line above it."""
    above = []
    for line in graph.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[1]
        above[depth:] = [name]
        if depth:
            yield name, above[depth - 1]


ARGO_PHASES = {"PreSync": "before", "Sync": "", "PostSync": "after"}


def test_suite_argo_task_order(suite):
    """Where Argo CD moves a namespace or a definition into the phase that needs it, ours are first anyway.
    Of the first case (waves, names, phases and kinds that nobody has) only the kinds are ours; unlike
    there, a PersistentVolume comes before the ConfigMap: one level of what nothing else is needed for."""
    first, *others = cases(suite, "argo-task-order")
    tasks = [task for task in first["input"] if task["object"].keys() == {"kind", "apiVersion"}]
    assert drawn(map(argo, tasks)) == ["PersistentVolume/x", "ConfigMap/x Service/x", "Pod/x"]
    for case in others:
        found = turns(map(argo, case["input"]))
        level = [found[kinds.identify(argo(task))].level for task in case["expected"]]
        name = [argo(task)["kind"] for task in case["expected"]]
        for n, kind in enumerate(name):
            earlier = [level[m] for m in range(n) if name[m] != kind and kind != "Namespace"]
            assert all(one < level[n] for one in earlier), case["id"]


def argo(task):
    one = {"apiVersion": "v1", **task["object"]}
    phase = ARGO_PHASES[task["phase"]]
    notes = {marks.PHASE: phase} if phase else {}
    return {**one, "metadata": {"name": "x", **one.get("metadata", {}), "annotations": notes}}


HELM_GROUPS = ("", "apps", "batch", "policy", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io",
               "storage.k8s.io", "scheduling.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io",
               "admissionregistration.k8s.io")  # fmt: skip

# Where Helm says otherwise, and why ours is so:
HELM_DIFFERENCES = {
    "PodDisruptionBudget": "it selects Pods and delays nothing: with the workloads",
    "CustomResourceDefinition": "namespaces, classes and definitions are one level, before all else",
    "StorageClass": "as above",
    "IngressClass": "as above",
    "PodSecurityPolicy": "as above",
    "PersistentVolume": "claims are bound to it: one level before them",
    "ClusterRole": "a binding of rights is checked against the role: roles go one level before bindings",
    "Role": "as above",
    "Service": "deletes are the exact reverse of applies: after the Pods, not before",
    "HonkyTonkSet": "custom resources go before the webhooks and APIs that may be served by this very bundle",
}


def test_suite_helm_kind_order(suite):
    (install, uninstall) = cases(suite, "helm-kind-order")
    differing = set()
    for case, sign in ((install, 1), (uninstall, -1)):
        sorted_kinds = [kind for kind in case["expected"] if not kind.endswith("List")]
        for n, kind in enumerate(sorted_kinds):
            for earlier in sorted_kinds[:n]:
                if sign * order.tier(helm(earlier)) > sign * order.tier(helm(kind)):
                    differing |= {earlier, kind} & HELM_DIFFERENCES.keys() or {f"{earlier} before {kind}"}
    assert differing == HELM_DIFFERENCES.keys()


def helm(kind):
    candidates = [GroupKind(group, kind) for group in HELM_GROUPS]
    return next((one for one in candidates if kinds.is_built_in(one)), GroupKind("x.io", kind))


def test_suite_argo_prune_waves(suite):
    """Deletes are the exact reverse of what the references of all objects say. Argo CD reverses the waves
    of what it prunes among themselves only where a prune is mixed with an apply, and has PruneLast:
    ours deletes after all applies, so that neither question arises."""
    for case in cases(suite, "argo-prune-waves"):
        if case["in_target"] or case.get("prune_last") or case.get("prune_last_all"):
            continue
        wave = case["wave"]
        objects = [
            obj(
                f"ConfigMap/{name}",
                needs=",".join(f"/ConfigMap/{other}" for other in wave if wave[other] == at - 1),
            )
            for name, at in wave.items()
        ]
        found = {one.name: turn.level for one, turn in turns(objects).items()}
        effective = case["expected_effective_wave"]
        pairs = [(a, b) for a in wave for b in wave if effective[a] < effective[b]]
        assert all(found[a] > found[b] for a, b in pairs), case["id"]
