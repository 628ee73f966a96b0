"""A user of a kubeconfig: its login and whom it impersonates, refused where kubectl refuses it."""

from dataclasses import replace
from pathlib import Path

from roadstead.world.kube.access import Certificate, Impersonation, Login, Oidc, Plugin
from roadstead.world.kube.kubeconfig_entry import Entry

_API = "client.authentication.k8s.io/"
_MODES = ("Never", "IfAvailable", "Always")
_GONE_PROVIDERS = {"gcp": "gke-gcloud-auth-plugin", "azure": "kubelogin"}


def login(user: Entry, cluster_info: bytes) -> Login:
    """A token wins over a plugin; a certificate goes along with either."""
    token, token_file = user.text("token"), user.beside("tokenFile")
    username = user.text("username")
    plugin, provider = user.section("exec"), user.section("auth-provider")
    if (token or token_file) and username:
        raise user.wrong("username", "a token and a username exclude each other", "keep one of them")
    if plugin and provider:
        raise user.wrong("exec", "exec and auth-provider exclude each other", "keep exec")
    found = Login(_certificate(user), token, token_file, username, user.text("password"))
    if token or token_file or username:
        return found
    if plugin:
        return replace(found, plugin=_plugin(plugin, cluster_info))
    if provider:
        return replace(found, oidc=_oidc(provider))
    return found


def impersonation(user: Entry) -> Impersonation | None:
    name, uid, groups = user.text("as"), user.text("as-uid"), user.texts("as-groups")
    section = user.section("as-user-extra")
    extra = tuple(
        (key, value) for key in (section.value if section else ()) for value in _values(section, key)
    )
    if name:
        return Impersonation(name, uid, groups, extra)
    if uid or groups or extra:
        raise user.wrong("as", "as-uid, as-groups and as-user-extra need `as`", "name the user in `as`")
    return None


def _values(section: Entry | None, key: str) -> tuple[str, ...]:
    return section.texts(key) if section else ()


def _certificate(user: Entry) -> Certificate | None:
    chain, key = user.content("client-certificate"), user.content("client-key")
    if chain and not key:
        raise user.wrong(
            "client-certificate", "a client certificate without its key", "add client-key(-data)"
        )
    return Certificate(chain, key) if chain else None


def _plugin(plugin: Entry, cluster_info: bytes) -> Plugin:
    version = plugin.text("apiVersion")
    if version not in (_API + "v1", _API + "v1beta1"):
        raise plugin.wrong(
            "apiVersion", f"must be {_API}v1 or v1beta1, found {version or 'none'}", "update the plugin"
        )
    mode = plugin.text("interactiveMode") or ("IfAvailable" if version.endswith("v1beta1") else "")
    if mode not in _MODES:
        raise plugin.wrong("interactiveMode", f"must be one of {', '.join(_MODES)}, found {mode or 'none'}")
    if not plugin.text("command"):
        raise plugin.wrong("command", "the plugin names no command")
    return Plugin(
        _command(plugin),
        version,
        plugin.texts("args"),
        _environment(plugin),
        mode,
        plugin.text("installHint").strip(),
        cluster_info if plugin.flag("provideClusterInfo") else b"",
    )


def _command(plugin: Entry) -> str:
    """A bare name is looked up in PATH; one with a slash is relative to the kubeconfig's folder."""
    written = plugin.text("command")
    return str(plugin.beside("command")) if Path(written).name != written else written


def _environment(plugin: Entry) -> tuple[tuple[str, str], ...]:
    found = []
    for index, item in enumerate(plugin.items("env")):
        path = (*plugin.path, "env", index)
        one = Entry("", item if isinstance(item, dict) else {}, plugin.file, plugin.document, path)
        if not one.text("name"):
            raise one.wrong("name", "an environment variable without a name")
        found.append((one.text("name"), one.text("value")))
    return tuple(found)


def _oidc(provider: Entry) -> Oidc:
    name = provider.text("name")
    if name != "oidc":
        plugin = _GONE_PROVIDERS.get(name)
        hint = f"use the exec plugin {plugin}" if plugin else "use an exec plugin"
        raise provider.wrong("name", f"Kubernetes has no auth provider {name!r} any more", hint)
    config = provider.section("config") or provider
    return Oidc(
        config.text("idp-issuer-url").rstrip("/"),
        config.text("client-id"),
        config.text("client-secret"),
        config.text("id-token"),
        config.text("refresh-token"),
        config.content("idp-certificate-authority"),
        provider.file,
        provider.name,
    )
