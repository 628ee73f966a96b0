"""Alert documents as those see them who tell: clusters selected, secrets by name, lengths of time in seconds."""

from collections.abc import Mapping

from roadstead.language import durations
from roadstead.model.alert import Address, Alert, Forge, Receiver, ReceiverKind
from roadstead.model.fleet import Cluster
from roadstead.stages.fleet import documents, selection
from roadstead.stages.fleet.collection import Documents, Entry
from roadstead.stages.fleet.documents import alert as forms

_PUBLIC = {Forge.GITHUB: "https://api.github.com", Forge.GITLAB: "https://gitlab.com/api/v4"}


def alerts(
    loaded: Documents, clusters: Mapping[str, Cluster], before: Mapping[str, Alert]
) -> dict[str, Alert]:
    """By name. Where a document cannot be read, what it said `before` goes on to count."""
    labels = selection.bundle_labels(loaded)
    found = {name: _alert(entry, clusters, labels) for name, entry in sorted(loaded.alerts.items())}
    unclean = "" in loaded.unclean
    kept = {name: one for name, one in before.items() if unclean or name in loaded.known["Alert"]}
    return {**kept, **found}


def _alert(
    entry: Entry[documents.Alert], clusters: Mapping[str, Cluster], bundles: Mapping[str, Mapping[str, str]]
) -> Alert:
    spec = entry.model.spec
    selector = selection.selector(spec.clusters)
    return Alert(
        name=entry.name,
        on=frozenset(spec.on),
        receivers=tuple(dict.fromkeys(_receiver(one) for one in spec.to)),
        clusters=frozenset(
            name for name, one in clusters.items() if selector.matches(name, dict(one.labels))
        ),
        everywhere=selector.all and selector.exception is None,
        bundles=spec.bundles,
        labelled=selection.labelled(spec.bundle_selector, bundles) if spec.bundle_selector else None,
        levels=frozenset(spec.levels),
        gather=durations.parse(spec.gather),
        repeat=durations.parse(spec.repeat),
    )


def _receiver(written: forms.Receiver) -> Receiver:
    if written.webhook:
        return Receiver(
            ReceiverKind.WEBHOOK, _address(written.webhook.url), secret=_secret(written.webhook.key)
        )
    if written.alertmanager:
        found = written.alertmanager
        return Receiver(ReceiverKind.ALERTMANAGER, _address(found.url), secret=_secret(found.token))
    if written.commit_status:
        return _on_forge(ReceiverKind.COMMIT_STATUS, written.commit_status)
    if written.pull_request:
        return _on_forge(ReceiverKind.PULL_REQUEST, written.pull_request)
    return Receiver(ReceiverKind.APPRISE, Address(secret=_secret(written.url)))


def _on_forge(kind: ReceiverKind, written: forms.OnForge) -> Receiver:
    api = _address(written.api) if written.api else Address(text=_PUBLIC[written.forge])
    return Receiver(kind, api, written.token.secret, written.forge, written.repository)


def _address(written: forms.Address) -> Address:
    return Address(written.secret or "", written.address or "")


def _secret(written: forms.SecretReference | None) -> str:
    return written.secret if written else ""
