"""Kubeconfig files as kubectl reads them. What kubectl 1.37 does with each case was tried with it."""

import base64
import json
from pathlib import Path

import pytest

from roadstead.model import reasons
from roadstead.model.errors import UsageError
from roadstead.world.kube import kubeconfig
from roadstead.world.kube.access import Access, Impersonation, Login, Trust
from tests.world.kube.kubeconfigs import AUTHORITY, CERTIFICATE, KEY, entry, write


def access(folder: Path, *, user: dict | None = None, cluster: dict | None = None) -> Access:
    write(folder / "config", user=user, cluster=cluster)
    return kubeconfig.load([folder / "config"]).access("one")


def refused(folder: Path, **entries) -> UsageError:
    with pytest.raises(UsageError) as caught:
        access(folder, **entries)
    return caught.value


def test_a_plain_context(tmp_path):
    assert access(tmp_path, user={"token": "t"}, cluster={"proxy-url": "http://proxy:1"}) == Access(
        "https://127.0.0.1:6443",
        context="one",
        login=Login(token="t"),
        proxy="http://proxy:1",
        namespace="shop",
    )


def test_authority_and_client_certificate_as_data(tmp_path):
    found = access(
        tmp_path,
        cluster={"certificate-authority-data": base64.b64encode(AUTHORITY).decode()},
        user={
            "client-certificate-data": base64.b64encode(CERTIFICATE).decode(),
            "client-key-data": base64.b64encode(KEY).decode(),
        },
    )
    assert found.trust == Trust(AUTHORITY)
    assert found.login.certificate is not None
    assert (found.login.certificate.chain, found.login.certificate.key) == (CERTIFICATE, KEY)


def test_files_are_relative_to_the_kubeconfig_that_names_them(tmp_path, monkeypatch):
    inner = tmp_path / "inner"
    (inner / "pki").mkdir(parents=True)
    for name, content in (("ca", AUTHORITY), ("crt", CERTIFICATE), ("key", KEY), ("token", b"t")):
        (inner / "pki" / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    found = access(
        inner.relative_to(tmp_path),
        cluster={"certificate-authority": "pki/ca"},
        user={"client-certificate": "pki/crt", "client-key": "pki/key", "tokenFile": "pki/token"},
    )
    assert found.trust.authority == AUTHORITY
    assert found.login.token_file == inner / "pki" / "token"


def test_the_rest_of_a_cluster(tmp_path):
    found = access(
        tmp_path,
        cluster={
            "server": "https://10.0.0.1:6443/k8s/clusters/c-1/",
            "insecure-skip-tls-verify": True,
            "tls-server-name": "kube.example",
            "disable-compression": True,
        },
    )
    assert found.server == "https://10.0.0.1:6443/k8s/clusters/c-1"
    assert found.trust == Trust(insecure=True, server_name="kube.example")
    assert not found.compression


def test_impersonation_is_never_dropped(tmp_path):
    user = {
        "token": "t",
        "as": "bob",
        "as-uid": "7",
        "as-groups": ["g", "h"],
        "as-user-extra": {"k": ["v", "w"]},
    }
    assert access(tmp_path, user=user).impersonation == Impersonation(
        "bob", "7", ("g", "h"), (("k", "v"), ("k", "w"))
    )


def test_no_user_is_anonymous(tmp_path):
    write(tmp_path / "config", context={"user": None})
    assert kubeconfig.load([tmp_path / "config"]).access("one").login == Login()


def test_a_token_wins_over_a_plugin(tmp_path):
    found = access(tmp_path, user={"token": "t", "exec": {"command": "x"}})
    assert (found.login.token, found.login.plugin) == ("t", None)


@pytest.mark.parametrize(
    ("written", "command"),
    [
        pytest.param("aws", "aws", id="a bare name is looked up in PATH"),
        pytest.param("./bin/aws", "{folder}/bin/aws", id="a relative path starts at the kubeconfig"),
        pytest.param("bin/aws", "{folder}/bin/aws", id="also without the dot"),
        pytest.param("/opt/aws", "/opt/aws", id="an absolute path stays"),
    ],
)
def test_where_a_plugin_is_looked_for(tmp_path, written, command):
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": written,
        "interactiveMode": "Never",
        "args": ["a", "b"],
        "env": [{"name": "N", "value": "v"}],
        "installHint": "get it\n",
    }
    found = access(tmp_path, user={"exec": plugin}).login.plugin
    assert found is not None
    assert found.command == command.format(folder=tmp_path)
    assert (found.args, found.env, found.install_hint) == (("a", "b"), (("N", "v"),), "get it")
    assert found.cluster_info == b""


def test_a_plugin_that_asks_is_told_of_the_cluster(tmp_path):
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    found = access(
        tmp_path,
        cluster={
            "certificate-authority-data": base64.b64encode(AUTHORITY).decode(),
            "tls-server-name": "n",
            "extensions": [{"name": "other", "extension": {}}, extension],
        },
        user={
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "command": "x",
                "provideClusterInfo": True,
            }
        },
    ).login.plugin
    assert found is not None
    assert found.interactive == "IfAvailable"
    assert json.loads(found.cluster_info) == {
        "server": "https://127.0.0.1:6443",
        "tls-server-name": "n",
        "certificate-authority-data": base64.b64encode(AUTHORITY).decode(),
        "config": {"audience": "a"},
    }


PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": "Never"}


@pytest.mark.parametrize(
    ("entries", "field", "words"),
    [
        pytest.param(
            {"cluster": {"certificate-authority": "a", "certificate-authority-data": "YQ=="}},
            "clusters[0].cluster.certificate-authority",
            "both certificate-authority and certificate-authority-data are set",
            id="the authority stands there twice",
        ),
        pytest.param(
            {"cluster": {"certificate-authority-data": "YQ==", "insecure-skip-tls-verify": True}},
            "clusters[0].cluster.insecure-skip-tls-verify",
            "exclude each other",
            id="insecure in spite of an authority",
        ),
        pytest.param(
            {"cluster": {"certificate-authority-data": "!!!"}},
            "clusters[0].cluster.certificate-authority-data",
            "no base64",
            id="data that is no base64",
        ),
        pytest.param(
            {"cluster": {"certificate-authority": "gone.pem"}},
            "clusters[0].cluster.certificate-authority",
            "gone.pem: no such file or directory",
            id="a file that is gone",
        ),
        pytest.param(
            {"cluster": {"server": "127.0.0.1:6443"}},
            "clusters[0].cluster.server",
            "must be an address like https://host:6443",
            id="a server without https",
        ),
        pytest.param(
            {"cluster": {"server": None}},
            "clusters[0].cluster.server",
            "must be an address like https://host:6443",
            id="no server",
        ),
        pytest.param(
            {"user": {"token": 12345}},
            "users[0].user.token",
            "must be text, found int",
            id="a token that YAML takes for a number",
        ),
        pytest.param(
            {"user": {"token": "t", "username": "u"}},
            "users[0].user.username",
            "a token and a username exclude each other",
            id="token and password",
        ),
        pytest.param(
            {"user": {"client-certificate-data": "YQ=="}},
            "users[0].user.client-certificate",
            "a client certificate without its key",
            id="a certificate without its key",
        ),
        pytest.param(
            {"user": {"as-groups": ["g"]}},
            "users[0].user.as",
            "as-uid, as-groups and as-user-extra need `as`",
            id="groups without a user to be",
        ),
        pytest.param(
            {"user": {"exec": PLUGIN | {"apiVersion": "client.authentication.k8s.io/v1alpha1"}}},
            "users[0].user.exec.apiVersion",
            "found client.authentication.k8s.io/v1alpha1",
            id="a plugin of an old version",
        ),
        pytest.param(
            {"user": {"exec": {k: v for k, v in PLUGIN.items() if k != "interactiveMode"}}},
            "users[0].user.exec.interactiveMode",
            "must be one of Never, IfAvailable, Always, found none",
            id="v1 without interactiveMode",
        ),
        pytest.param(
            {"user": {"exec": PLUGIN | {"command": ""}}},
            "users[0].user.exec.command",
            "the plugin names no command",
            id="a plugin without command",
        ),
        pytest.param(
            {"user": {"exec": PLUGIN | {"env": [{"value": "v"}]}}},
            "users[0].user.exec.env[0].name",
            "an environment variable without a name",
            id="a variable without a name",
        ),
        pytest.param(
            {"user": {"exec": PLUGIN, "auth-provider": {"name": "oidc"}}},
            "users[0].user.exec",
            "exec and auth-provider exclude each other",
            id="a plugin and a provider",
        ),
        pytest.param(
            {"user": {"auth-provider": {"name": "gcp"}}},
            "users[0].user.auth-provider.name",
            "Kubernetes has no auth provider 'gcp' any more",
            id="a provider that Kubernetes dropped",
        ),
        pytest.param(
            {"context": {"user": "anna"}},
            "contexts[0].context.user",
            "the context names the user 'anna', which is not in",
            id="a user that is not there",
        ),
        pytest.param(
            {"context": {"cluster": "two"}},
            "contexts[0].context.cluster",
            "the context names the cluster 'two', which is not in",
            id="a cluster that is not there",
        ),
        pytest.param(
            {"context": {"cluster": None}},
            "contexts[0].context.cluster",
            "the context names no cluster",
            id="a context without cluster",
        ),
    ],
)
def test_what_kubectl_refuses_is_refused_with_its_place(tmp_path, entries, field, words):
    write(tmp_path / "config", **entries)
    with pytest.raises(UsageError) as caught:
        kubeconfig.load([tmp_path / "config"]).access("one")
    problem = caught.value.problem
    assert problem.reason is reasons.KUBECONFIG_INVALID
    assert words in problem.cause
    assert (problem.place.file, problem.place.field) == (str(tmp_path / "config"), field)
    assert problem.place.line > 0


def test_hints_name_the_plugin_that_took_over(tmp_path):
    assert "gke-gcloud-auth-plugin" in refused(tmp_path, user={"auth-provider": {"name": "gcp"}}).problem.hint


def test_another_context_may_be_broken(tmp_path):
    broken = entry("users", "other", {"token": 5})
    write(tmp_path / "config", more={"users": [broken]})
    assert kubeconfig.load([tmp_path / "config"]).access("one").server


def test_the_first_file_that_names_an_entry_wins_whole(tmp_path, monkeypatch):
    write(tmp_path / "a", user={"token": "from a"}, current="")
    write(
        tmp_path / "b",
        user={"username": "b", "password": "b"},
        cluster={"tls-server-name": "b"},
        current="one",
    )
    write(tmp_path / "c", context={"namespace": "c"}, current="two")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a:{tmp_path}/gone::{tmp_path}/b:{tmp_path}/c:{tmp_path}/a")
    found = kubeconfig.load()
    assert found.current_context == "one"
    merged = found.access()
    assert merged.login == Login(token="from a")
    assert merged.trust.server_name == ""
    assert merged.namespace == "shop"


def test_the_file_in_the_home_folder_is_the_default(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert kubeconfig.load().files == ()
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config")
    assert kubeconfig.load().access("one").context == "one"


def test_a_file_named_must_exist(tmp_path):
    with pytest.raises(UsageError) as caught:
        kubeconfig.load([tmp_path / "gone"])
    assert str(caught.value) == f"{tmp_path}/gone: KubeconfigInvalid: no such file or directory"


def test_a_missing_context_names_those_that_are_there(tmp_path):
    more = {"contexts": [entry("contexts", name, {"cluster": "one"}) for name in ("prod-eu-1", "prod-us-1")]}
    write(tmp_path / "config", more=more)
    with pytest.raises(UsageError) as caught:
        kubeconfig.load([tmp_path / "config"]).access("prod-eu1")
    problem = caught.value.problem
    assert problem.reason is reasons.CONTEXT_MISSING
    assert problem.cause == f"no context 'prod-eu1' in {tmp_path}/config: it has one, prod-eu-1, prod-us-1"
    assert problem.hint == "did you mean prod-eu-1?"


def test_without_any_file_the_places_where_one_was_looked_for_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/one:{tmp_path}/two")
    with pytest.raises(UsageError) as caught:
        kubeconfig.load().access("prod")
    assert caught.value.problem.reason is reasons.CONTEXT_MISSING
    looked = f"there is no kubeconfig, looked for {tmp_path}/one and {tmp_path}/two"
    assert caught.value.problem.cause == f"no context 'prod': {looked}"


def test_a_name_that_stands_twice_in_a_file_is_refused(tmp_path):
    write(tmp_path / "config", more={"users": [entry("users", "one", {})]})
    with pytest.raises(UsageError) as caught:
        kubeconfig.load([tmp_path / "config"])
    assert "'one' stands twice in users" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("{", reasons.BAD_YAML, id="no YAML"),
        pytest.param("- a", reasons.KUBECONFIG_INVALID, id="a list"),
        pytest.param("kind: Pod", reasons.KUBECONFIG_INVALID, id="another kind"),
        pytest.param("users: {}", reasons.KUBECONFIG_INVALID, id="users that are no list"),
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path, text, reason):
    (tmp_path / "config").write_text(text)
    with pytest.raises(UsageError) as caught:
        kubeconfig.load([tmp_path / "config"])
    assert caught.value.problem.reason is reason


@pytest.mark.parametrize("text", ["", "---\n", "apiVersion: v1\nkind: Config\nusers: null\n"])
def test_an_empty_file_holds_nothing(tmp_path, text):
    (tmp_path / "config").write_text(text)
    assert not kubeconfig.load([tmp_path / "config"]).contexts


def test_no_secret_is_in_any_repr(tmp_path):
    secrets = {
        "token": "SECRET-1",
        "client-certificate-data": base64.b64encode(CERTIFICATE).decode(),
        "client-key-data": base64.b64encode(b"SECRET-2").decode(),
    }
    found = access(tmp_path, user=secrets, cluster={"proxy-url": "http://me:SECRET-3@proxy"})
    loaded = kubeconfig.load([tmp_path / "config"])
    shown = repr(found) + repr(loaded) + repr(loaded.users["one"])
    assert "SECRET" not in shown
    assert secrets["client-key-data"] not in shown
    config = {"id-token": "SECRET-4", "refresh-token": "SECRET-5", "client-secret": "SECRET-6"}
    provider = {"auth-provider": {"name": "oidc", "config": config}}
    assert "SECRET" not in repr(access(tmp_path, user=provider))
    plugin = {"exec": PLUGIN | {"env": [{"name": "N", "value": "SECRET-7"}]}}
    assert "SECRET" not in repr(access(tmp_path, user=plugin))
