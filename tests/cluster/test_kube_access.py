"""Ways in to real API servers: the same file gives kubectl and us the same identity, or refuses both."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from roadstead.language import yaml
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.model.ids import GroupKind
from roadstead.world.kube import client, kubeconfig, requests
from roadstead.world.kube.access import Access, Certificate, Login, Trust
from tests.cluster.connecting import connected, until_allowed
from tests.controlplane.authority import Authority
from tests.controlplane.cluster import Cluster
from tests.controlplane.kubectl import KubectlFailed, kubectl

V1 = "client.authentication.k8s.io/v1"
WHO = requests.Request(
    "POST",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    "create",
    content_type=requests.JSON,
    body=b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
)


def access(cluster: Cluster, **changes: Any) -> Access:
    return replace(kubeconfig.load([cluster.kubeconfig]).access(cluster.name), **changes)


async def who(given: Access, **options: Any) -> dict[str, Any]:
    """The server's view of us, past any parsing of ours."""
    async with client.connect(given, cluster="c1", **options) as one:
        return orjson.loads(await one.calls.send(WHO))["status"]["userInfo"]


async def failure(given: Access, **options: Any) -> RoadsteadError:
    with pytest.raises(RoadsteadError) as caught:
        await who(given, **options)
    return caught.value


Entries = dict[str, Any]


def token(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {}


def token_file(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    (folder / "token").write_text(tokens["limited"] + "\n")
    return {"token": tokens["viewer"], "tokenFile": "token"}, {}


def missing_token_file(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"], "tokenFile": "gone"}, {}


def no_token_file(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"tokenFile": "gone"}, {}


def plugin(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    given = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": tokens["limited"]}}
    (folder / "plugin").write_text(f"#!/bin/sh\necho '{json.dumps(given)}'\n")
    (folder / "plugin").chmod(0o755)
    return {"exec": {"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"}}, {}


def plugin_of_another_version(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    user, _ = plugin(tokens, folder)
    return {"exec": user["exec"] | {"apiVersion": V1 + "beta1"}}, {}


def plugin_and_token(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    user, _ = plugin(tokens, folder)
    return user | {"token": tokens["viewer"]}, {}


def missing_plugin(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"exec": {"apiVersion": V1, "command": "no-such-plugin", "interactiveMode": "Never"}}, {}


def token_and_password(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"], "username": "a", "password": "b"}, {}


def impersonating(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    extra = {"example.com/team": ["a", "b"]}
    user = {"token": tokens["admin"], "as": "bob", "as-groups": ["g"], "as-uid": "7", "as-user-extra": extra}
    return user, {}


def impersonating_groups_alone(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["admin"], "as-groups": ["g"]}, {}


def impersonating_without_the_right(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"], "as": "bob"}, {}


def authority_file(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {
        "certificate-authority": "ca.crt",
        "certificate-authority-data": None,
    }


def insecure(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {
        "insecure-skip-tls-verify": True,
        "certificate-authority-data": None,
    }


def insecure_and_authority(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {"insecure-skip-tls-verify": True}


def both_authorities(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {"certificate-authority": "ca.crt"}


def other_authority(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    data = base64.b64encode(Authority("other").certificate).decode()
    return {"token": tokens["viewer"]}, {"certificate-authority-data": data}


def server_name(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {"tls-server-name": "localhost"}


def wrong_server_name(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {"tls-server-name": "other.example"}


def wrong_token(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": "wrong"}, {}


def wrong_proxy(tokens: dict[str, str], folder: Path) -> tuple[Entries, Entries]:
    return {"token": tokens["viewer"]}, {"proxy-url": "http://127.0.0.1:1"}


@pytest.mark.real_servers("simulated clusters speak plain HTTP, where nobody sends a token")
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(token, "viewer", id="a token"),
        pytest.param(token_file, "limited", id="a token file wins over a token"),
        pytest.param(missing_token_file, "viewer", id="a missing token file leaves the token"),
        pytest.param(no_token_file, reasons.UNAUTHORIZED, id="a missing token file alone"),
        pytest.param(plugin, "limited", id="a plugin beside the kubeconfig"),
        pytest.param(plugin_and_token, "viewer", id="a token wins over a plugin"),
        pytest.param(plugin_of_another_version, reasons.UNAUTHORIZED, id="a plugin of another version"),
        pytest.param(missing_plugin, reasons.TOOL_MISSING, id="a plugin that is not installed"),
        pytest.param(token_and_password, reasons.KUBECONFIG_INVALID, id="token and password"),
        pytest.param(impersonating, "bob", id="impersonation"),
        pytest.param(impersonating_groups_alone, reasons.KUBECONFIG_INVALID, id="groups without a user"),
        pytest.param(
            impersonating_without_the_right, reasons.FORBIDDEN, id="impersonation without the right"
        ),
        pytest.param(authority_file, "viewer", id="the authority in a file"),
        pytest.param(insecure, "viewer", id="no check of the server"),
        pytest.param(insecure_and_authority, reasons.KUBECONFIG_INVALID, id="no check and an authority"),
        pytest.param(both_authorities, reasons.KUBECONFIG_INVALID, id="the authority twice"),
        pytest.param(other_authority, reasons.CERTIFICATE_INVALID, id="another authority"),
        pytest.param(server_name, "viewer", id="another name in the certificate"),
        pytest.param(
            wrong_server_name, reasons.CERTIFICATE_INVALID, id="a name that is not in the certificate"
        ),
        pytest.param(wrong_token, reasons.UNAUTHORIZED, id="a wrong token"),
        pytest.param(wrong_proxy, reasons.UNREACHABLE, id="a proxy that is not there"),
    ],
)
async def test_kubectl_and_we_are_the_same_user_or_both_refused(
    clusters,
    tmp_path,
    entries: Callable[[dict[str, str], Path], tuple[Entries, Entries]],
    expected,
):
    (cluster,) = clusters(1)
    (tmp_path / "ca.crt").write_bytes(cluster.authority)
    user, changes = entries(cluster.tokens, tmp_path)
    server = {
        "server": cluster.url,
        "certificate-authority-data": base64.b64encode(cluster.authority).decode(),
    } | changes
    written = {
        "clusters": [{"name": "a", "cluster": server}],
        "users": [{"name": "a", "user": user}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    }
    path = tmp_path / "config"
    path.write_text(yaml.dump(written))
    ask = ("auth", "whoami", "--output=json")
    if isinstance(expected, str):
        theirs = json.loads(await kubectl(path, "a", *ask))["status"]["userInfo"]
        ours = await who(kubeconfig.load([path]).access("a"))
        assert ours["username"] == expected
        assert ours == theirs
    else:
        with pytest.raises(KubectlFailed):
            await kubectl(path, "a", *ask)
        with pytest.raises(RoadsteadError) as caught:
            await who(kubeconfig.load([path]).access("a"))
        assert caught.value.problem.reason is expected


async def test_an_expired_client_certificate_is_no_login(own_clusters):
    plane = own_clusters(1)
    pair = plane.shared.authority.client("admin", "system:masters", lifetime=timedelta(hours=-1))
    login = Login(Certificate(pair.certificate, pair.key))
    error = await failure(access(plane.clusters[0], login=login))
    assert error.problem.reason is reasons.UNAUTHORIZED


@pytest.mark.real_servers("simulated clusters let in nobody without a name")
async def test_nobody_may_do_nothing_and_is_told_why(clusters):
    (cluster,) = clusters(1)
    async with client.connect(access(cluster, login=Login()), cluster="c1") as one:
        with pytest.raises(RoadsteadError) as caught:
            await one.identity()
    assert caught.value.problem.reason is reasons.FORBIDDEN
    assert caught.value.problem.hint == "give the context a user: the server saw no credentials"


async def test_acting_as_a_service_account_has_its_rights_and_no_others(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    await cluster.request("POST", f"{rbac}/{unique}/roles", {"metadata": {"name": "r"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "deployer", "namespace": unique}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    binding = {"metadata": {"name": "r"}, "roleRef": role, "subjects": [subject]}
    await cluster.request("POST", f"{rbac}/{unique}/rolebindings", binding)
    async with connected(cluster) as one:
        config_map = (await one.resources()).find(GroupKind("", "ConfigMap"))
        secret = (await one.resources()).find(GroupKind("", "Secret"))
        acting = one.acting_as(f"{unique}/deployer")
        await until_allowed(acting, "list", config_map.group_kind, unique)
        assert (await acting.list(config_map, namespace=unique)).items == []
        assert await acting.access_review("list", config_map, unique)
        assert not await acting.access_review("create", config_map, unique)
        assert not await acting.access_review("list", config_map)
        assert await one.access_review("create", config_map)
        with pytest.raises(RoadsteadError) as caught:
            await acting.list(secret, namespace=unique)
        assert f"system:serviceaccount:{unique}:deployer" in str(caught.value)
        groups = orjson.loads(await acting.calls.send(WHO))["status"]["userInfo"]["groups"]
        assert set(groups) == {
            "system:serviceaccounts",
            f"system:serviceaccounts:{unique}",
            "system:authenticated",
        }


async def test_a_server_that_hangs_a_server_that_died_and_one_that_came_back(own_clusters, ahead):
    plane = own_clusters(2)
    sick, well = plane.clusters
    async with (
        client.connect(access(sick), cluster="sick") as one,
        connected(well, name="well") as other,
    ):
        assert await one.version()
        sick.pause()
        hanging = asyncio.ensure_future(one.version(deadline=500))
        assert await other.version()
        assert not hanging.done()
        ahead(501)
        with pytest.raises(RoadsteadError) as caught:
            await hanging
        assert (
            str(caught.value)
            == f"sick: get /version failed (Unreachable): {sick.url}: no answer within 500 s"
        )
        sick.resume()
        assert await one.version(deadline=30)
        await sick.kill()
        with pytest.raises(RoadsteadError) as caught:
            await one.version()
        assert caught.value.problem.reason is reasons.UNREACHABLE
        assert caught.value.problem.cause == f"{sick.url}: connection refused"
        await sick.start_apiserver()
        assert await one.version(deadline=30)


async def test_a_cluster_is_known_by_its_identity_whoever_asks(clusters):
    one, two = clusters(2)
    async with connected(one) as first, connected(two) as second, connected(one, "viewer") as again:
        assert await first.identity() == await again.identity()
        assert await first.identity() != await second.identity()


@pytest.mark.real_servers("simulated clusters speak plain HTTP, where nobody sends a token")
async def test_the_wrong_trust_never_sends_a_token(clusters):
    (cluster,) = clusters(1)
    mark = cluster.mark()
    trust = Trust(Authority("other").certificate)
    error = await failure(access(cluster, trust=trust, login=Login(token="t")))
    assert error.problem.reason is reasons.CERTIFICATE_INVALID
    assert not cluster.requests(since=mark, user_agent="roadstead")
