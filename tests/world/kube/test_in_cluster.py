"""The access of a pod, from the files that the kubelet mounts."""

import pytest

from roadstead.model import reasons
from roadstead.model.errors import UsageError
from roadstead.world.kube import in_cluster
from roadstead.world.kube.access import Access, Login, Trust


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    for name, text in (("token", "t"), ("ca.crt", "CA"), ("namespace", "shop\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return tmp_path


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
def test_a_pods_access(mounted, monkeypatch, host, server):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    assert in_cluster.access(mounted) == Access(
        server,
        context="in-cluster",
        trust=Trust(b"CA"),
        login=Login(token_file=mounted / "token"),
        namespace="shop",
    )


def test_outside_of_a_cluster_the_missing_file_is_named(mounted):
    (mounted / "ca.crt").unlink()
    with pytest.raises(UsageError) as caught:
        in_cluster.access(mounted)
    assert caught.value.problem.reason is reasons.KUBECONFIG_INVALID
    assert str(mounted / "ca.crt") in caught.value.problem.cause


def test_outside_of_a_cluster_the_missing_variables_are_named(mounted, monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(UsageError) as caught:
        in_cluster.access(mounted)
    assert "KUBERNETES_SERVICE_HOST" in caught.value.problem.cause
