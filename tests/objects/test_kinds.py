import pytest

from roadstead.model.ids import GroupKind
from roadstead.objects import kinds


@pytest.mark.parametrize(
    ("kind", "namespaced"),
    [
        pytest.param("ConfigMap", True, id="the core group is empty"),
        pytest.param("apps/Deployment", True, id="a workload"),
        pytest.param("rbac.authorization.k8s.io/ClusterRole", False, id="a cluster-scoped kind"),
        pytest.param("extensions/Ingress", True, id="a kind at the group it was served from once"),
        pytest.param("example.com/Database", None, id="a custom kind is unknown here"),
        pytest.param("example.com/Deployment", None, id="a custom kind named like a built-in one"),
    ],
)
def test_scope(kind, namespaced):
    assert kinds.is_namespaced(GroupKind.parse(kind)) is namespaced
    assert kinds.is_built_in(GroupKind.parse(kind)) is (namespaced is not None)


def test_tables_do_not_contradict_each_other():
    assert not kinds.NAMESPACED & kinds.CLUSTER_SCOPED
    assert kinds.NAMESPACED | kinds.CLUSTER_SCOPED >= kinds.DEFINITIONS | kinds.WITHOUT_GENERATION


def test_custom_kinds_always_have_a_generation():
    assert kinds.has_generation(GroupKind("example.com", "Database"))
    assert not kinds.has_generation(GroupKind("", "ConfigMap"))


def test_a_definition_tells_kind_and_scope():
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {"group": "example.com", "names": {"kind": "Database"}, "scope": "Namespaced"},
    }
    assert kinds.defined(definition) == (GroupKind("example.com", "Database"), True)
    assert kinds.defined({"apiVersion": "v1", "kind": "Namespace"}) is None
