"""Desired against live: what would be done to each object, why, and which fields would change."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Parent
from roadstead.model.live import Live
from roadstead.model.manifests import Manifest


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"
    DELETE = "delete"
    ORPHAN = "orphan"  # no longer ours, the object stays: label and our field ownership are released
    ADOPT = "adopt"
    HAND_OVER = "hand over"
    KEEP = "keep"
    SKIP = "skip"
    UNCHANGED = "unchanged"


class FieldChange(Struct, frozen=True):
    """One leaf: `path` is written as in kubectl errors (spec.containers[name=web].image). `before` or
    `after` is None when the field is absent there (a null is absent, too). Values of Secrets are
    already redacted. `manager` and `time` say who holds the live value, where that can be known."""

    path: str
    before: object
    after: object
    manager: str = ""
    time: str = ""


class Change(Struct, frozen=True):
    """`cause` says why, in words ("changed in Git", "not in Git any more", "edited by kubectl-edit").

    `verified` tells that a server-side dry run confirmed it, or that none is needed. `uid` and
    `resource_version` are the live object's when the plan was made; a delete or saved plan holds only
    for these. `level` orders application: lower first; deletes run in reverse after all others.
    """

    id: ObjectId
    action: Action
    cause: str
    manifest: Manifest | None = None
    fields: tuple[FieldChange, ...] = ()
    verified: bool = True
    uid: str = ""
    resource_version: str = ""
    level: int = 0
    drifted: bool = False  # live differs from what we applied, whatever Git says now
    left: tuple[str, ...] = ()
    added: tuple[FieldChange, ...] = ()  # what others set beside us, where that is to be reported
    alone: bool = False  # what others added beside us is taken away
    blind: bool = False  # no dry run told what becomes of it: none was needed to tell what is to be done
    live: Live | None = None  # what the plan was made against
    notes: tuple[str, ...] = ()  # "kept spec.replicas: also owned by hpa"

    @property
    def writes(self) -> bool:
        """Whether it would write something."""
        return self.action not in (Action.UNCHANGED, Action.KEEP, Action.SKIP)

    @property
    def gives_away(self) -> bool:
        """Whether this is the giving side of a hand-over."""
        return self.action is Action.HAND_OVER and self.manifest is None


class Preview(Struct, frozen=True):
    """The server's answer to a dry run of one change, beside the live object it was compared with.

    `result` is None when the dry run was refused (`problem`) or not possible (`predicted` says why:
    no right to, namespace not there yet). `conflicts` are the fields other managers own, as an
    unforced dry run names them. `recreate` names the immutable fields that differ, when the object can
    only be made anew and the server would take it so; `problem` then says what the server refused.
    Both objects are whole, secrets in clear: redact before showing.
    """

    id: ObjectId
    live: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    problem: Problem | None = None
    predicted: str = ""
    conflicts: tuple[FieldChange, ...] = ()
    edited: tuple[FieldChange, ...] = ()  # the live object alone tells it: the server was not asked
    recreate: str = ""  # the field proven immutable, where only a recreate can bring the change


class Draft(Struct, frozen=True):
    """A plan before the server was asked about the doubtful changes (those not `verified`)."""

    key: Key
    digest: str
    revision: str
    parent: Parent
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def doubtful(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if not change.verified)


class Plan(Struct, frozen=True):
    """Holds for one key. `parent` is the inventory parent it was made against."""

    key: Key
    digest: str  # of the manifests it leads to
    revision: str
    parent: Parent
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = field(default=())

    def pending(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.writes)
