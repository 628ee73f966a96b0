"""Paths and queries, as an API server routes them."""

import orjson
import pytest

from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.world.kube import requests, write_requests

CONFIG_MAP = ApiResource("", "v1", "ConfigMap", "configmaps", True)
NAMESPACE = ApiResource("", "v1", "Namespace", "namespaces", False)
DEPLOYMENT = ApiResource("apps", "v1", "Deployment", "deployments", True)
ROLE = ApiResource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", False)


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (CONFIG_MAP, "shop", "a", "/api/v1/namespaces/shop/configmaps/a"),
        (CONFIG_MAP, "shop", "", "/api/v1/namespaces/shop/configmaps"),
        (CONFIG_MAP, "", "", "/api/v1/configmaps"),
        (NAMESPACE, "ignored", "shop", "/api/v1/namespaces/shop"),
        (DEPLOYMENT, "shop", "web", "/apis/apps/v1/namespaces/shop/deployments/web"),
        (ROLE, "", "system:node", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"),
        (ROLE, "", "50% ../x?", "/apis/rbac.authorization.k8s.io/v1/clusterroles/50%25%20..%2Fx%3F"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_paths(resource, namespace, name, path):
    assert requests.path(resource, namespace, name) == path


@pytest.mark.parametrize(
    ("request_built", "method", "target"),
    [
        pytest.param(
            requests.list_page(CONFIG_MAP, selector="a=b,c", limit=500, resume="x="),
            "GET",
            "/api/v1/configmaps?labelSelector=a%3Db%2Cc&limit=500&continue=x%3D",
            id="a page of a list",
        ),
        pytest.param(
            requests.watch(CONFIG_MAP, resource_version="5", namespace="shop", seconds=60),
            "GET",
            "/api/v1/namespaces/shop/configmaps?watch=1&allowWatchBookmarks=true&resourceVersion=5"
            "&timeoutSeconds=60",
            id="a watch",
        ),
        pytest.param(
            write_requests.apply(CONFIG_MAP, "shop", "a", b"{}", force=True, dry_run=True),
            "PATCH",
            "/api/v1/namespaces/shop/configmaps/a?fieldManager=roadstead&fieldValidation=Strict&dryRun=All"
            "&force=true",
            id="a dry run of a forced apply",
        ),
        pytest.param(
            write_requests.apply(CONFIG_MAP, "shop", "a", b"{}", force=False, manager="roadstead-left"),
            "PATCH",
            "/api/v1/namespaces/shop/configmaps/a?fieldManager=roadstead-left&fieldValidation=Strict"
            "&force=false",
            id="an apply that is not forced, as another manager",
        ),
        pytest.param(
            write_requests.create(CONFIG_MAP, "shop", "a", b"{}"),
            "POST",
            "/api/v1/namespaces/shop/configmaps?fieldManager=roadstead&fieldValidation=Strict",
            id="a create",
        ),
        pytest.param(
            write_requests.delete(NAMESPACE, "", "shop", uid="u", propagation="Background", dry_run=True),
            "DELETE",
            "/api/v1/namespaces/shop?dryRun=All",
            id="a dry run of a delete",
        ),
    ],
)
def test_targets(request_built, method, target):
    assert (request_built.method, request_built.target) == (method, target)


def test_a_watch_of_metadata_never_asks_for_the_form_that_stays_silent():
    watch = requests.watch(CONFIG_MAP, resource_version="", metadata=True)
    assert "as=PartialObjectMetadata;" in watch.accept
    assert "as=PartialObjectMetadataList;" in requests.list_page(CONFIG_MAP, metadata=True).accept


def test_a_delete_always_says_which_object_and_what_of_its_dependents():
    built = write_requests.delete(
        DEPLOYMENT, "shop", "web", uid="u", propagation="Foreground", resource_version="7"
    )
    assert orjson.loads(built.body or b"") == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
    }


def test_a_dry_run_of_a_delete_says_so_in_its_body_since_the_server_then_ignores_the_query():
    built = write_requests.delete(DEPLOYMENT, "shop", "web", uid="u", propagation="Background", dry_run=True)
    assert orjson.loads(built.body or b"")["dryRun"] == ["All"]


def test_a_request_says_what_it_is_about():
    built = write_requests.create(DEPLOYMENT, "shop", "web", b"{}", dry_run=True)
    assert (built.verb, built.resource, built.action) == ("create", "deployments.apps", "dry run of create")
    assert built.object == ObjectId("apps", "Deployment", "shop", "web")
    assert requests.list_page(DEPLOYMENT).action == "list apps/Deployment"


def test_bodies_stay_out_of_reprs():
    assert "SECRET" not in repr(write_requests.create(CONFIG_MAP, "shop", "a", b"SECRET"))
