"""Alert documents: what is refused, with what to do instead, and what the rest means."""

import pytest

from roadstead.model.alert import Address, Forge, Receiver, ReceiverKind, Word
from roadstead.stages.fleet import alerts
from tests.stages.fleet import trees

CLUSTERS = "kind: Cluster\nmetadata: {name: one, labels: {tier: a}}\n---\nkind: Cluster\nmetadata: {name: two}\n---\n"
ALERT = "kind: Alert\nmetadata: {name: told}\nspec: {on: [%s], clusters: {%s}, to: [%s]}\n"
KEYS = "https://hooks.slack.com/services/T024BE7LD/B0AAAAAA/XXXX1234567890abcdefgh"


def problems(on="drift", clusters="all: true", to="{url: {secret: s}}"):
    found = trees.resolved(CLUSTERS + ALERT % (on, clusters, to)).problems
    return [(one.place.field, one.cause, one.hint) for one in found]


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://ann:hunter2@hooks.example/x", id="a login"),
        pytest.param("https://hooks.example/x?token=hunter2", id="a token in the query"),
        pytest.param(KEYS, id="an incoming webhook of Slack"),
        pytest.param("https://api.telegram.org/bot110201543:AAHdqTcvCH1vGWJxfSeo/sendMessage", id="a bot of Telegram"),
        pytest.param("https://hc.example/ping/0d9f5f3c-9f0e-4b8e-8a42-7b1f0c5de5ab", id="an address nobody could guess"),
    ],
)  # fmt: skip
def test_an_address_that_gives_access_is_refused_and_not_repeated(address):
    [(field, cause, hint)] = problems(to=f"{{webhook: {{url: {{address: '{address}'}}}}}}")
    assert field == "spec.to[0].webhook.url.address"
    assert cause.startswith("expected an address that everybody may know, found one with")
    assert "{secret: NAME}" in hint
    assert "hunter2" not in cause


@pytest.mark.parametrize(
    ("to", "field"),
    [
        ("{url: 'slack://tokena/tokenb'}", "spec.to[0].url"),
        ("{webhook: {url: 'https://x.example/'}}", "spec.to[0].webhook.url"),
        ("{webhook: {url: {secret: u}, key: whsec_abc}}", "spec.to[0].webhook.key"),
    ],
)
def test_what_should_be_named_is_not_repeated_where_it_is_written_out(to, field):
    [(where, cause, hint)] = problems(to=to)
    assert (where, cause) == (field, "expected a mapping such as {secret: NAME}, found the text itself")
    assert "the one in Git is known now" in hint


@pytest.mark.parametrize(
    ("given", "field", "hint"),
    [
        ({"on": "drfit"}, "spec.on[0]", "did you mean drift?"),
        ({"to": "{webhok: {url: {secret: s}}}"}, "spec.to[0].webhok", "did you mean webhook?"),
        ({"to": "{commitStatus: {forge: githbu, repository: a/b, token: {secret: t}}}"},
         "spec.to[0].commitStatus.forge", "did you mean github?"),
        ({"clusters": "names: [oen]"}, "spec.clusters.names[0]", "did you mean one?"),
    ],
)  # fmt: skip
def test_the_nearest_right_word_is_named(given, field, hint):
    assert (field, hint) in [(where, told) for where, _, told in problems(**given)]


def test_a_forge_that_is_somewhere_of_its_own_needs_its_address():
    [(field, cause, _)] = problems(
        to="{pullRequest: {forge: gitea, repository: shop/fleet, token: {secret: t}}}"
    )
    assert field == "spec.to[0].pullRequest"
    assert cause == "expected api, the address of this gitea's API, found none"


def test_a_document_says_what_of_where_and_to_whom():
    text = CLUSTERS + ALERT % (
        "drift, frozen", "matchLabels: {tier: a}",
        "{url: {secret: slack}}, {alertmanager: {url: {address: 'http://am.example:9093'}}}, "
        "{webhook: {url: {secret: hook}, key: {secret: hook-key}}}, "
        "{commitStatus: {forge: github, repository: shop/fleet, token: {secret: gh}}}",
    )  # fmt: skip
    loaded = trees.loaded(text)
    [alert] = alerts.alerts(loaded, trees.resolved(text).clusters, {}).values()
    assert (alert.name, alert.on, alert.gather, alert.repeat) == (
        "told", {Word.DRIFT, Word.FROZEN}, 10.0, 86400.0,
    )  # fmt: skip
    assert (alert.clusters, alert.everywhere) == ({"one"}, False)
    assert alert.receivers == (
        Receiver(ReceiverKind.APPRISE, Address(secret="slack")),
        Receiver(ReceiverKind.ALERTMANAGER, Address(text="http://am.example:9093")),
        Receiver(ReceiverKind.WEBHOOK, Address(secret="hook"), "hook-key"),
        Receiver(ReceiverKind.COMMIT_STATUS, Address(text="https://api.github.com"), "gh", Forge.GITHUB, "shop/fleet"),
    )  # fmt: skip


def test_what_a_document_said_last_counts_while_it_cannot_be_read_and_no_longer_when_it_is_gone():
    good, bad = (
        CLUSTERS + ALERT % ("drift", "all: true", "{url: {secret: s}}"),
        "kind: Alert\nmetadata: {name: told}\n",
    )
    before = alerts.alerts(trees.loaded(good), {}, {})
    assert alerts.alerts(trees.loaded(CLUSTERS + bad), {}, before) == before
    assert alerts.alerts(trees.loaded(CLUSTERS.removesuffix("---\n")), {}, before) == {}


BUNDLES = """
kind: Bundle
metadata: {name: web, labels: {team: shop}}
spec: {source: {path: ../apps/web}, clusters: {all: true}}
---
kind: Bundle
metadata: {name: db, labels: {team: data}}
spec: {source: {path: ../apps/web}, clusters: {all: true}}
---
"""


def by_labels(key):
    return BUNDLES + CLUSTERS + ALERT.replace("to:", "bundleSelector: {matchLabels: {%s: shop}}, to:") % (
        "drift", "all: true", key, "{url: {secret: s}}",
    )  # fmt: skip


def test_bundles_are_selected_by_their_labels():
    text = by_labels("team")
    [alert] = alerts.alerts(trees.loaded(text), trees.resolved(text).clusters, {}).values()
    assert [name for name in ("web", "db", "gone") if alert.has_bundle(name)] == ["web"]


def test_a_label_that_no_bundle_has_is_told_with_the_nearest():
    found = trees.resolved(by_labels("taem")).problems
    assert [
        (one.place.field, one.cause, one.hint) for one in found if one.place.field.startswith("spec.b")
    ] == [("spec.bundleSelector", "no Bundle has this label: taem", "did you mean team?")]
