"""Read kubeconfig files as kubectl does, and make of one context the access to its cluster.

Several files are merged: the first that names a cluster, user or context wins whole, and so does the first
current-context. Only the context asked for is checked, as others may be broken. No library is used, since
those at hand ignore impersonation and would act with more rights than the file grants.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from roadstead.language import nearest, yaml
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.world.kube import kubeconfig_user
from roadstead.world.kube.access import Access, Login, Trust
from roadstead.world.kube.kubeconfig_entry import Entry

_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """`files` are those that were read; the entries hold secrets and stay out of the repr."""

    files: tuple[Path, ...]
    current_context: str
    contexts: Mapping[str, Entry] = field(repr=False)
    clusters: Mapping[str, Entry] = field(repr=False)
    users: Mapping[str, Entry] = field(repr=False)

    def access(self, context: str = "") -> Access:
        """How to reach the context's cluster ("": the current one). Raises UsageError with ContextMissing
        or KubeconfigInvalid, naming file, line and field."""
        name = context or self.current_context
        entry = self.contexts.get(name)
        if entry is None:
            raise self._missing(name)
        cluster = self._referred(entry, "cluster", self.clusters)
        if cluster is None:
            raise entry.wrong("cluster", "the context names no cluster")
        trust = _trust(cluster)
        server = _server(cluster)
        user = self._referred(entry, "user", self.users)
        info = _cluster_info(cluster, server, trust)
        return Access(
            server,
            context=name,
            trust=trust,
            login=kubeconfig_user.login(user, info) if user else Login(),
            impersonation=kubeconfig_user.impersonation(user) if user else None,
            proxy=cluster.text("proxy-url"),
            compression=not cluster.flag("disable-compression"),
            namespace=entry.text("namespace"),
        )

    def _referred(self, context: Entry, key: str, known: Mapping[str, Entry]) -> Entry | None:
        """No user is a way in for anonymous readers; a user that is not there is a mistake."""
        name = context.text(key)
        if not name:
            return None
        if name not in known:
            cause = f"the context names the {key} {name!r}, which is not in {self._where()}"
            raise context.wrong(key, cause, nearest.hint(name, known))
        return known[name]

    def _missing(self, name: str) -> RoadsteadError:
        names = sorted(self.contexts)
        listed = ", ".join(names[:_LISTED]) + (
            f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        )
        has = f"it has {listed}" if names else "it has none"
        what = f"no context {name!r}" if name else "no current-context is set"
        if not self.files:
            absent = " and ".join(str(path) for path in _default()) or "nowhere"
            cause, hint = (
                f"{what}: there is no kubeconfig, looked for {absent}",
                "set KUBECONFIG to where it is",
            )
            return errors.error(Problem(reasons.CONTEXT_MISSING, cause, hint=hint))
        hint = nearest.hint(name, names) or reasons.CONTEXT_MISSING.remedy
        return errors.error(Problem(reasons.CONTEXT_MISSING, f"{what} in {self._where()}: {has}", hint=hint))

    def _where(self) -> str:
        return " or ".join(str(file) for file in self.files)


def load(paths: Sequence[Path] | None = None) -> Kubeconfig:
    """The files given, which must exist; else those in KUBECONFIG that exist; else ~/.kube/config, if it
    exists. Raises UsageError with BadYaml or KubeconfigInvalid."""
    given = [Path(path) for path in paths] if paths else [path for path in _default() if path.exists()]
    sections: dict[str, dict[str, Entry]] = {section: {} for section in _SECTIONS}
    current = ""
    for path in dict.fromkeys(given):
        document = _document(path)
        if document is None:
            continue
        top = Entry("", document.value, path, document)
        current = current or top.text("current-context")
        for section, found in sections.items():
            for entry in _entries(top, section):
                found.setdefault(entry.name, entry)
    return Kubeconfig(tuple(given), current, sections["contexts"], sections["clusters"], sections["users"])


def _default() -> Sequence[Path]:
    written = os.environ.get("KUBECONFIG", "")
    if written:
        return [Path(part) for part in written.split(os.pathsep) if part]
    return [Path.home() / ".kube" / "config"]


def _document(path: Path) -> yaml.Document | None:
    try:
        data = path.read_bytes()
    except OSError as cause:
        words = (cause.strerror or "unreadable").lower()
        problem = Problem(reasons.KUBECONFIG_INVALID, words, hint="correct the path", place=Place(str(path)))
        raise errors.error(problem) from cause
    documents = yaml.read(data, file=str(path))
    if not documents:
        return None
    first = documents[0]
    if not isinstance(first.value, dict) or first.value.get("kind", "Config") != "Config":
        problem = Problem(reasons.KUBECONFIG_INVALID, "this is no kubeconfig", place=first.place())
        raise errors.error(problem)
    return first


def _entries(top: Entry, section: str) -> Iterator[Entry]:
    seen = set()
    for index, item in enumerate(top.items(section)):
        one = Entry("", item if isinstance(item, dict) else {}, top.file, top.document, (section, index))
        name = one.text("name")
        if not name:
            raise one.wrong("name", f"an entry of {section} without a name")
        if name in seen:
            raise one.wrong("name", f"{name!r} stands twice in {section}")
        seen.add(name)
        inner = one.section(_SECTIONS[section])
        yield Entry(
            name,
            inner.value if inner else {},
            top.file,
            top.document,
            (section, index, _SECTIONS[section]),
        )


def _server(cluster: Entry) -> str:
    server = cluster.text("server").rstrip("/")
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise cluster.wrong(
            "server", "must be an address like https://host:6443", "write scheme, host and port"
        )
    return server


def _trust(cluster: Entry) -> Trust:
    authority = cluster.content("certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and authority:
        cause = "a certificate authority and insecure-skip-tls-verify exclude each other"
        raise cluster.wrong("insecure-skip-tls-verify", cause, "keep the authority")
    return Trust(authority, insecure, cluster.text("tls-server-name"))


def _cluster_info(cluster: Entry, server: str, trust: Trust) -> bytes:
    """What a plugin is told of the cluster when it asks (provideClusterInfo)."""
    config = next(
        (
            item.get("extension")
            for item in cluster.items("extensions")
            if isinstance(item, dict) and item.get("name") == _EXEC_EXTENSION
        ),
        None,
    )
    info: dict[str, Any] = {
        "server": server,
        "tls-server-name": trust.server_name,
        "insecure-skip-tls-verify": trust.insecure,
        "certificate-authority-data": base64.b64encode(trust.authority).decode(),
        "proxy-url": cluster.text("proxy-url"),
        "disable-compression": cluster.flag("disable-compression"),
    }
    return json.dumps({key: value for key, value in info.items() if value} | {"config": config}).encode()
