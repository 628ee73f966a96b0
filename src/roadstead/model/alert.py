"""Who is told of what: Alert documents as the parts that tell them see them, and the words that they may use.

A receiver names its secrets and never holds them: whoever sends reads them at that moment, so that they can be
changed at any time and stand neither in Git nor in the database.
"""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from roadstead.model.events import Level


class Word(StrEnum):
    """What an Alert may be `on`: kinds of events. That something is over is told without being asked for."""

    DRIFT = "drift"
    CONTEST = "contest"
    APPLY_FAILED = "apply-failed"
    UNHEALTHY = "unhealthy"
    CLUSTER_UNREACHABLE = "cluster-unreachable"
    NOT_SEEN = "not-seen"
    FROZEN = "frozen"
    COMMIT = "commit"
    APPLIED = "applied"
    DECISIONS_NOT_MIRRORED = "decisions-not-mirrored"
    EVENTS_LOST = "events-lost"
    APPROVAL_NEEDED = "approval-needed"
    RUN_HALTED = "run-halted"
    RUN_FINISHED = "run-finished"


NOT_YET = frozenset({Word.APPROVAL_NEEDED, Word.RUN_HALTED, Word.RUN_FINISHED})  # nothing emits them so far


class Forge(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"


class ReceiverKind(StrEnum):
    APPRISE = "apprise"
    WEBHOOK = "webhook"
    ALERTMANAGER = "alertmanager"
    COMMIT_STATUS = "commitStatus"
    PULL_REQUEST = "pullRequest"


class Address(Struct, frozen=True):
    """Where to: the name of a secret that holds it, or what may be read by everybody."""

    secret: str = ""
    text: str = ""

    def __str__(self) -> str:
        return self.secret or self.text


class Receiver(Struct, frozen=True):
    """`secret` is the name of what proves who we are: a webhook's signing key, a token elsewhere. `forge` and
    `repository` are those of a commit status or comment, whose `address` is the forge's API."""

    kind: ReceiverKind
    address: Address
    secret: str = ""
    forge: Forge | None = None
    repository: str = ""

    def __str__(self) -> str:
        """The same receiver, the same text, also after a restart: the name of its queue."""
        parts = (str(self.kind), str(self.address), self.repository, self.secret)
        return ":".join(part for part in parts if part)

    @property
    def follows_commits(self) -> bool:
        """Whether it shows how a commit stands, instead of being told what happened."""
        return self.kind in (ReceiverKind.COMMIT_STATUS, ReceiverKind.PULL_REQUEST)


class Alert(Struct, frozen=True):
    """`clusters` are those that the document selects at the moment; with `everywhere` also those that are not in
    Git any more. `bundles` are patterns of names; `labelled` those whose labels fit at the moment, None where labels
    are not asked for. `gather` and `repeat` are seconds."""

    name: str
    on: frozenset[Word]
    receivers: tuple[Receiver, ...]
    clusters: frozenset[str] = frozenset()
    everywhere: bool = False
    bundles: tuple[str, ...] = ("*",)
    labelled: frozenset[str] | None = None
    levels: frozenset[Level] = frozenset(Level)
    gather: float = 10.0
    repeat: float = 86400.0

    def has_bundle(self, name: str) -> bool:
        fits = self.labelled is None or name in self.labelled
        return fits and any(fnmatchcase(name, one) for one in self.bundles)

    def routes(self) -> Mapping[str, Receiver]:
        """By the name under which the outbox keeps what this Alert tells each receiver."""
        return {f"{self.name} {one}": one for one in self.receivers}
