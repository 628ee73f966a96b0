"""The Helm chart: what it makes of its values, and that mistakes in them are refused."""

import re
from pathlib import Path

import pytest
import yaml

from roadstead.cli import config_file, main
from roadstead.model.errors import RoadsteadError
from tests.deploy import charts

ROOT = Path(__file__).parents[2]
ALL = {
    "kubeconfig": {"secret": "kubeconfig"},
    "git": {"secret": "git"},
    "access": {"secret": "access"},
    "alerts": {"secret": "alerts"},
    "tls": {"secret": "tls"},
    "webhooks": {"github": "hook"},
    "database": {"secret": "postgresql"},
    "inCluster": {"apply": True},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy": {"from": [{"namespaceSelector": {}}]},
    "volume": {"storageClass": "fast"},
    "podAnnotations": {"a": "b"},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example"}],
    "volumes": [{"name": "keys", "configMap": {"name": "keys"}}],
    "volumeMounts": [{"name": "keys", "mountPath": "/var/lib/roadstead/config/roadstead/keys/platform"}],
}


def pod(found):
    return found["StatefulSet"]["spec"]["template"]["spec"]


def settings(found):
    return yaml.safe_load(found["ConfigMap"]["data"]["hub.yaml"])


def test_by_default_it_is_one_process_with_a_volume_and_no_rights_here():
    found = charts.render()
    assert found.keys() == {
        *("ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount", "StatefulSet")
    }
    assert found["StatefulSet"]["spec"]["replicas"] == 1
    assert found["StatefulSet"]["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] == "state"
    assert pod(found)["automountServiceAccountToken"] is False
    assert settings(found) == {
        "fleet": "https://git.example/fleet",
        "listen": "0.0.0.0:8420",
        "name": "hub@hub-roadstead.platform",
        "insecure-listen": True,
        "database": "sqlite:////var/lib/roadstead/hub.db",
    }


def test_with_everything_on_every_mount_has_its_volume():
    found = charts.render(ALL)
    assert "volumeClaimTemplates" not in found["StatefulSet"]["spec"]
    (hub,) = pod(found)["containers"]
    volumes = {one["name"] for one in pod(found)["volumes"]}
    assert {one["name"] for one in hub["volumeMounts"]} == volumes
    folders = {one["mountPath"] for one in hub["volumeMounts"]}
    named = [value for value in settings(found).values() if str(value).startswith("/etc/roadstead/")]
    named += [one.partition("=")[2] for one in settings(found)["webhook-secret"]]
    named += [one["value"] for one in hub["env"] if str(one.get("value")).startswith("/etc/roadstead/")]
    assert len(named) == 7
    for path in named:
        assert {path, str(Path(path).parent)} & folders
    assert all(one["httpGet"]["scheme"] == "HTTPS" for one in (hub["livenessProbe"], hub["readinessProbe"]))
    assert not any("subPath" in one for one in hub["volumeMounts"]), "such a mount would never be renewed"


@pytest.mark.parametrize("values", [pytest.param({}, id="defaults"), pytest.param(ALL, id="everything")])
def test_it_needs_no_root_and_writes_nothing_but_its_volumes(values):
    found = charts.render(values)
    (hub,) = pod(found)["containers"]
    assert pod(found)["securityContext"]["runAsNonRoot"] is True
    assert pod(found)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert hub["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_its_rights_are_those_that_the_page_tells():
    page = (ROOT / "docs" / "access.md").read_text().split("## To write")[1]
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[:1]
    told = next(yaml.safe_load_all(block))
    found = charts.render(ALL)
    assert found["ClusterRole"]["rules"] == told["rules"]
    assert found["ClusterRoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "hub-roadstead", "namespace": "platform"}
    ]
    assert found["ClusterRoleBinding"]["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    assert pod(found)["automountServiceAccountToken"] is True


@pytest.mark.parametrize("values", [pytest.param({}, id="defaults"), pytest.param(ALL, id="everything")])
def test_serve_has_every_flag_that_it_sets(values):
    import typer

    serve = typer.main.get_command(main.app).commands["serve"]
    flags = config_file._flags(typer.Context(serve))
    assert settings(charts.render(values)).keys() <= flags.keys()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param({"image": {}}, "repository", id="no image"),
        pytest.param({"config": {}}, "fleet", id="no fleet"),
        pytest.param({"replicas": 2}, "replicas", id="a value that is not known"),
        pytest.param(
            {"config": {"fleet": "x", "database": "y"}}, "database", id="what the chart itself sets"
        ),
        pytest.param({"webhooks": {"svn": "x"}}, "svn", id="a forge that is not known"),
        pytest.param(
            {"image": {"repository": "x", "digest": "latest"}}, "digest", id="a digest that is none"
        ),
    ],
)
def test_mistakes_in_values_are_refused(values, told):
    with pytest.raises(RoadsteadError, match=told):
        charts.render(values)


def test_the_service_and_the_rules_choose_the_pods():
    found = charts.render(ALL)
    labels = found["StatefulSet"]["spec"]["template"]["metadata"]["labels"].items()
    for selector in (
        found["StatefulSet"]["spec"]["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    monitor = found["ServiceMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= found["Service"]["metadata"]["labels"].items()
    label = found["Service"]["metadata"]["labels"][monitor["jobLabel"]]
    assert label == "roadstead", "the job that the alert rules expect"
