"""Bind: fit built objects to clusters. `job` runs in a worker process.

Clusters that a bundle treats alike but for the values of variables have one `Shape`. The objects of a
build that need no variable are bound once for the shape (`values` is None), the others once for each set
of values. Order: variables, patches, images, namespace, exclusions, canonical form, what the Source allows,
schemas. All problems of all objects are told together.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import replace

from roadstead.language import canonical, merge_keys, patches, paths, substitution
from roadstead.model import errors, wire
from roadstead.model.assignment import Namespace, Patch, PatchType, Target
from roadstead.model.errors import Place, Problem, RoadsteadError, Severity
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.manifests import Manifest
from roadstead.model.reasons import BAD_VARIABLE, MATCHES_NOTHING
from roadstead.objects import canonical as objects
from roadstead.objects import kinds, targets
from roadstead.stages.render import build, images, namespaces
from roadstead.stages.render.schemas import Schemas
from roadstead.world.blobs import Blobs

JOB = "roadstead.stages.render.bind:job"
RULES = 2  # of this module and what it calls here; objects/canonical.py has its own, the digest's prefix


class Shape(Struct, frozen=True, array_like=True):
    """`build` is a report's key, `declared` the parameters. `scopes` tell of kinds that are not built in
    whether they are namespaced, `schemas` are the digests of the cluster's OpenAPI, or of the parts that matter."""

    build: str
    declared: tuple[str, ...]
    patches: tuple[Patch, ...]
    images: dict[str, str]
    namespace: Namespace | None
    exclude: tuple[Target, ...]
    allowed_namespaces: tuple[str, ...] | None
    allowed_cluster_scoped: tuple[GroupKind, ...] | None
    scopes: dict[GroupKind, bool]
    schemas: tuple[str, ...]


class Request(Struct, frozen=True, array_like=True):
    cache: str
    shape: Shape
    key: str  # of the shape
    cases: list[dict[str, Any] | None]


class Bound(Struct, frozen=True, array_like=True):
    """`used` are the patches ("patch 0"), images and exclusions that fitted an object."""

    manifests: tuple[Manifest, ...]
    findings: tuple[Problem, ...]
    used: frozenset[str]


_requests = msgspec.msgpack.Decoder(Request)
_bounds = msgspec.msgpack.Decoder(list[Bound])
_bound = msgspec.msgpack.Decoder(Bound)


def job(payload: bytes) -> bytes:
    """A `Bound` for each case of a `Request`, in order."""
    request = _requests.decode(payload)
    store = Blobs(Path(request.cache))
    binder = _Binder(request.shape, store)
    answers = []
    for case in request.cases:
        place = _place(case_key(request.key, case))
        kept = store.kept(place)
        if kept is None:
            kept = msgspec.msgpack.encode(binder.bind(case))
            store.keep(place, kept)
        answers.append(msgspec.Raw(kept))
    return msgspec.msgpack.encode(answers)


def case_key(shape: str, case: Mapping[str, Any] | None) -> str:
    """The key of a shape's binding to the values of a case, or to none."""
    return shape if case is None else f"{shape} {canonical.digest_of(case)}"


def kept(key: str, store: Blobs) -> Bound | None:
    """What an earlier job left in the cache under its case's key."""
    found = store.kept(_place(key))
    return None if found is None else _known(_bound.decode(found))


def _place(key: str) -> str:
    return f"bound {RULES} {key}"


def answers(encoded: bytes) -> list[Bound]:
    return [_known(one) for one in _bounds.decode(encoded)]


def _known(bound: Bound) -> Bound:
    return replace(bound, findings=wire.known(bound.findings))


class _Binder:
    """Binds the objects of one shape. What does not depend on values is worked out once."""

    def __init__(self, shape: Shape, store: Blobs) -> None:
        self._shape = shape
        self._store = store
        self._names = frozenset(shape.declared)
        self._home = shape.namespace.name if shape.namespace else namespaces.FALLBACK

    @cached_property
    def _schemas(self) -> Schemas:
        return Schemas.of(self._shape.schemas, self._store)

    @cached_property
    def _patches(self) -> list[substitution.Template]:
        return [substitution.prepare(patch.content, self._names) for patch in self._shape.patches]

    @cached_property
    def _templates(self) -> list[tuple[str, substitution.Template, bool]]:
        """Origin, object, and whether it needs values: for its own placeholders, or for those of a patch."""
        found = []
        for item in build.items(self._shape.build, self._store):
            value = orjson.loads(item.body)
            template = substitution.prepare(value, self._names)
            patched = any(
                targets.matches(patch.target, value, namespace=self._home)
                for patch, content in zip(self._shape.patches, self._patches, strict=True)
                if content.names and isinstance(value, dict)
            )
            found.append((item.origin, template, bool(template.names) or patched))
        return found

    def bind(self, values: Mapping[str, Any] | None) -> Bound:
        manifests: list[Manifest] = []
        findings: list[Problem] = []
        used: set[str] = set()
        for origin, template, varies in self._templates:
            if varies is not (values is None):
                try:
                    manifests += self._one(template, values or {}, origin, findings, used)
                except RoadsteadError as error:
                    where = _identified(template.value)
                    findings += [_told(problem, origin, where) for problem in error.problems]
        return Bound(tuple(manifests), tuple(findings), frozenset(used))

    def _one(
        self,
        template: substitution.Template,
        values: Mapping[str, Any],
        origin: str,
        findings: list[Problem],
        used: set[str],
    ) -> Iterator[Manifest]:
        """The manifest, or none for an object that is left out."""
        shape = self._shape
        whole = template.value if isinstance(template.value, dict) else {}
        obj = template.bind(values, wanted=lambda path: self._schemas.wanted(whole, path))
        if isinstance(obj, dict):
            patched = self._patched(obj, values, used)
            if patched is None:
                return
            obj, found = images.pin(patched, shape.images)
            used.update(f"image {name}" for name in found)
            obj, problems = namespaces.place(obj, shape.namespace, shape.scopes)
            findings += [_told(problem, origin, _identified(obj)) for problem in problems]
            if self._excluded(obj, used):
                return
        manifest = objects.manifest(obj, origin=origin)
        limits = (shape.allowed_namespaces, shape.allowed_cluster_scoped)
        refused = namespaces.allowed(manifest.id, *limits)
        problems = [refused] if refused else []
        body = orjson.loads(manifest.body)
        problems += self._schemas.check(body)
        if b"${" in manifest.body:
            problems += _misspelt(body, self._names)
        findings += [_told(problem, origin, manifest.id) for problem in problems]
        yield manifest

    def _patched(
        self, obj: dict[str, Any], values: Mapping[str, Any], used: set[str]
    ) -> dict[str, Any] | None:
        """None when a patch deletes the object."""
        for number, (patch, template) in enumerate(zip(self._shape.patches, self._patches, strict=True)):
            if not targets.matches(patch.target, obj, namespace=self._home):
                continue
            used.add(f"patch {number}")
            try:
                content = template.bind(values)
                made = _apply(patch.type, obj, content)
            except RoadsteadError as error:
                raise errors.error(
                    replace(one, place=replace(one.place, file=patch.origin)) for one in error.problems
                ) from error
            if made is None:
                return None
            obj = made
        return obj

    def _excluded(self, obj: dict[str, Any], used: set[str]) -> bool:
        fitting = [
            number
            for number, target in enumerate(self._shape.exclude)
            if targets.matches(target, obj, namespace=self._home)
        ]
        used.update(f"exclusion {number}" for number in fitting)
        return bool(fitting)


def _apply(kind: PatchType, obj: dict[str, Any], content: Any) -> dict[str, Any] | None:
    if kind is PatchType.STRATEGIC:
        return patches.strategic_merge(obj, content, keys=merge_keys.of(kinds.of(obj)))
    made = patches.json_patch(obj, content) if kind is PatchType.JSON else patches.merge_patch(obj, content)
    return made if isinstance(made, dict) else None


def _misspelt(body: Any, names: frozenset[str]) -> Iterator[Problem]:
    """What looks like the application's own text and is probably a parameter with a slip in its name."""
    for path, written, meant in substitution.misspelt(body, names):
        cause = f"not a parameter, so it stays as it is written: ${{{written}}}"
        hint = f"did you mean ${{{meant}}}?"
        place = Place(field=paths.text(path))
        yield Problem(BAD_VARIABLE, cause, hint, Severity.WARNING, place)


def _identified(obj: Any) -> ObjectId | None:
    """Which object it is, where it says so."""
    try:
        found = kinds.identify(obj)
    except (AttributeError, KeyError, TypeError):
        return None
    return found if all(isinstance(part, str) for part in found) else None


def _told(problem: Problem, origin: str, where: ObjectId | None) -> Problem:
    """With origin and object; a place that names a file of its own keeps it."""
    file, _, line = origin.rpartition(":")
    place = Place(file, int(line)) if file and line.isdigit() else Place(origin)
    if not problem.place.file:
        problem = replace(problem, place=replace(place, field=problem.place.field))
    return problem.at(object=where)


def unused(shape: Shape, used: frozenset[str]) -> Iterator[Problem]:
    """Patches that fit nothing are errors: what they should have changed would go out unchanged."""
    remedy = MATCHES_NOTHING.remedy
    for number, patch in enumerate(shape.patches):
        if f"patch {number}" not in used:
            cause = f"the patch fits no object, its target is {targets.describe(patch.target)}"
            yield Problem(MATCHES_NOTHING, cause, remedy, place=Place(patch.origin))
    for number, target in enumerate(shape.exclude):
        if f"exclusion {number}" not in used:
            cause = f"the exclusion fits no object, its target is {targets.describe(target)}"
            yield Problem(MATCHES_NOTHING, cause, remedy, Severity.WARNING)
    for name in shape.images:
        if f"image {name}" not in used:
            cause = f"a pinned image is in no object, its name is {name}"
            yield Problem(MATCHES_NOTHING, cause, remedy, Severity.WARNING)
