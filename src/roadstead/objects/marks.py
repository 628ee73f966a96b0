"""What annotations on an object ask of us: our own marks, and those of other tools that mean the same.

`read` takes what it understands and never fails, so that live objects can be read, too; `problems`
says what is wrong with the marks of a rendered object. Acting on them is the business of the stages.

Helm's hooks become phases. A hook that also runs after is taken as `after`: what it waits for exists
only then. Hooks that no phase stands for (tests, deletes, rollbacks) are to be left out, and said.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct

from roadstead.language import nearest, paths
from roadstead.model import reasons
from roadstead.model.assignment import DeletionPolicy, DriftMode
from roadstead.model.errors import Place, Problem, Severity
from roadstead.model.ids import ObjectId

_Value = TypeVar("_Value", bound=StrEnum)

PREFIX = "roadstead.dev/"
APPLY = PREFIX + "apply"
RUN = PREFIX + "run"
PHASE = PREFIX + "phase"
DRIFT = PREFIX + "drift"
DELETION = PREFIX + "deletion"
HEALTH = PREFIX + "health"
DEPENDS_ON = "config.kubernetes.io/depends-on"
HOOK = "helm.sh/hook"
HOOK_WEIGHT = "helm.sh/hook-weight"
HOOK_DELETE_POLICY = "helm.sh/hook-delete-policy"

KEEPERS = {  # annotations by which people already tell other tools never to delete an object
    "helm.sh/resource-policy": "keep",
    "client.lifecycle.config.k8s.io/deletion": "detach",
    "cli-utils.sigs.k8s.io/on-remove": "keep",
}
HEALTH_IGNORED = "ignore"

_BEFORE_HOOKS = {"pre-install", "pre-upgrade", "crd-install"}
_AFTER_HOOKS = {"post-install", "post-upgrade"}
_UNSUPPORTED_HOOKS = {
    "pre-delete", "post-delete", "pre-rollback", "post-rollback", "test", "test-success", "test-failure",
}  # fmt: skip
_DELETE_POLICIES = {"before-hook-creation", "hook-succeeded", "hook-failed"}
_NAMESPACED_PARTS = 5  # group/namespaces/NAMESPACE/kind/name
_CLUSTER_PARTS = 3  # group/kind/name


class Phase(StrEnum):
    BEFORE = "before"
    MAIN = "main"
    AFTER = "after"


class Run(StrEnum):
    PER_DIGEST = "perDigest"
    ONCE = "once"


class Marks(Struct, frozen=True):
    """`weight` orders objects inside a phase, lower first. `health` is a CEL expression over `object`, or
    "ignore". `delete_when` holds Helm's words. `left_out` says why the object must not be applied.
    `on_install` and `on_upgrade` tell whether a hook wants to run at the first apply and at later ones."""

    apply_once: bool = False
    run: Run | None = None
    phase: Phase = Phase.MAIN
    weight: int = 0
    drift: DriftMode | None = None
    deletion: DeletionPolicy | None = None
    health: str = ""
    depends_on: tuple[ObjectId, ...] = ()
    delete_when: frozenset[str] = frozenset()
    on_install: bool = True
    on_upgrade: bool = True
    left_out: str = ""

    @property
    def orphan(self) -> bool:
        """Whether the object stays when its bundle drops it."""
        return self.deletion is DeletionPolicy.ORPHAN


NONE = Marks()


def read(obj: Mapping[str, Any]) -> Marks:
    notes = _annotations(obj)
    if not notes or not any(key in _ALL for key in notes):
        return NONE
    hook = _hook(notes)
    weight = _integer(notes.get(HOOK_WEIGHT, "0"))
    return Marks(
        apply_once=notes.get(APPLY) == "once",
        run=_known(Run, notes.get(RUN)) or (Run.ONCE if hook.on_install and not hook.on_upgrade else None),
        phase=_known(Phase, notes.get(PHASE)) or hook.phase,
        weight=weight or 0,
        drift=_known(DriftMode, notes.get(DRIFT)),
        deletion=_deletion(notes),
        health=notes.get(HEALTH, "").strip(),
        depends_on=tuple(one for one in map(reference, _references(notes)) if one),
        delete_when=_words(notes.get(HOOK_DELETE_POLICY, "")) if HOOK in notes else frozenset(),
        on_install=hook.on_install,
        on_upgrade=hook.on_upgrade,
        left_out=hook.left_out,
    )


def problems(obj: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the marks; `place.field` names the annotation."""
    return [
        Problem(reasons.INVALID_OBJECT, cause, hint=hint, severity=severity, place=Place(field=_field(key)))
        for key, cause, hint, severity in _wrong(_annotations(obj))
    ]


def reference(text: str) -> ObjectId | None:
    """`group/namespaces/NAMESPACE/kind/name` or `group/kind/name`; the core group is empty (`/…`)."""
    parts = text.strip().split("/")
    if len(parts) == _NAMESPACED_PARTS and parts[1] == "namespaces" and all(parts[1:]):
        group, _, namespace, kind, name = parts
        return ObjectId(group, kind, namespace, name)
    if len(parts) == _CLUSTER_PARTS and all(parts[1:]):
        group, kind, name = parts
        return ObjectId(group, kind, "", name)
    return None


class _Hook(Struct, frozen=True):
    phase: Phase = Phase.MAIN
    on_install: bool = True
    on_upgrade: bool = True
    left_out: str = ""


def _hook(notes: Mapping[str, str]) -> _Hook:
    events = _words(notes.get(HOOK, ""))
    if not events:
        return _Hook()
    applied = events & (_BEFORE_HOOKS | _AFTER_HOOKS)
    if not applied:
        return _Hook(left_out=f"a Helm hook of {', '.join(sorted(events))}, for which there is no phase")
    return _Hook(
        phase=Phase.AFTER if applied & _AFTER_HOOKS else Phase.BEFORE,
        on_install=any(event.endswith("install") for event in applied),
        on_upgrade=any(event.endswith("upgrade") for event in applied),
    )


def _deletion(notes: Mapping[str, str]) -> DeletionPolicy | None:
    if any(notes.get(key) == value for key, value in KEEPERS.items()):
        return DeletionPolicy.ORPHAN
    return _known(DeletionPolicy, notes.get(DELETION))


_VALUES: dict[str, tuple[str, ...]] = {
    APPLY: ("once",),
    RUN: tuple(Run),
    PHASE: (Phase.BEFORE, Phase.AFTER),
    DRIFT: tuple(DriftMode),
    DELETION: tuple(DeletionPolicy),
}
_ALL = {*_VALUES, HEALTH, DEPENDS_ON, HOOK, HOOK_WEIGHT, HOOK_DELETE_POLICY, *KEEPERS}

_Wrong = Iterator[tuple[str, str, str, Severity]]


def _wrong(notes: Mapping[str, str]) -> _Wrong:
    for key, value in notes.items():
        if key in _VALUES and value not in _VALUES[key]:
            yield key, f"no such value: {value!r}", f"use {' or '.join(_VALUES[key])}", Severity.ERROR
        elif key.startswith(PREFIX) and key not in _ALL:
            right = nearest.name(key, _ALL)
            hint = f"did you mean {right}?" if right else "see the marks in the reference"
            yield key, "no such mark", hint, Severity.WARNING
    for text in _references(notes):
        if reference(text) is None:
            hint = "write group/namespaces/NAMESPACE/kind/name or group/kind/name, separated by commas"
            yield DEPENDS_ON, f"cannot be read as a reference: {text!r}", hint, Severity.ERROR
    yield from _wrong_hook(notes)


def _wrong_hook(notes: Mapping[str, str]) -> _Wrong:
    if HOOK not in notes:
        return
    known = _BEFORE_HOOKS | _AFTER_HOOKS | _UNSUPPORTED_HOOKS
    for key, words in ((HOOK, known), (HOOK_DELETE_POLICY, _DELETE_POLICIES)):
        for word in sorted(_words(notes.get(key, "")) - words):
            yield key, f"Helm knows no such word: {word!r}", f"use {', '.join(sorted(words))}", Severity.ERROR
    if _integer(notes.get(HOOK_WEIGHT, "0")) is None:
        yield HOOK_WEIGHT, f"not an integer: {notes[HOOK_WEIGHT]!r}", "write a whole number", Severity.ERROR


def _annotations(obj: Mapping[str, Any]) -> dict[str, str]:
    notes = (obj.get("metadata") or {}).get("annotations")
    if not isinstance(notes, dict):
        return {}
    return {key: value for key, value in notes.items() if isinstance(value, str)}


def _references(notes: Mapping[str, str]) -> list[str]:
    return notes[DEPENDS_ON].split(",") if DEPENDS_ON in notes else []


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())


def _known(values: Callable[[str], _Value], text: str | None) -> _Value | None:
    try:
        return values(text) if text else None
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _field(key: str) -> str:
    return paths.text(("metadata", "annotations", key))
