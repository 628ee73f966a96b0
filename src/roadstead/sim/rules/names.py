"""Rules for metadata: names, labels, annotations, finalizers, owners."""

import re
from collections.abc import Iterator
from typing import Any

from roadstead.sim.kinds import Kind
from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", re.ASCII)

SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)

LABELS = {("", "namespaces")}
SERVICES = ("", "services")
SEGMENTS = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "CertificateSigningRequest"}
UNNAMED = {("", "events"), ("policy", "poddisruptionbudgets")}  # anything that can stand in a path
SHORT = {"CronJob": 52, "Job": 63, "StatefulSet": 253}
ANNOTATIONS = 256 * 1024


def name_problem(kind: Kind, name: str) -> str:
    """What is wrong with an object's name, empty when nothing is."""
    if (kind.kind in SEGMENTS and kind.group.endswith(".k8s.io")) or kind.storage in UNNAMED:
        if name in (".", ".."):
            return f"may not be '{name}'"
        bad = [each for each in ("/", "%") if each in name]
        return f"may not contain '{bad[0]}'" if bad else ""
    if kind.storage in LABELS:
        return label_problem(name)
    if kind.storage == SERVICES:
        return label_problem(name) if kind.digit_first else _checked(LABEL_1035, LABEL_1035_TEXT, name, 63)
    if kind.kind == "CronJob" and len(name) > SHORT["CronJob"]:
        return "must be no more than 52 characters"
    return _checked(SUBDOMAIN, SUBDOMAIN_TEXT, name, 253)


def label_problem(name: str) -> str:
    return _checked(LABEL, LABEL_TEXT, name, 63)


def _checked(pattern: re.Pattern[str], text: str, name: str, limit: int) -> str:
    if len(name) > limit:
        return f"must be no more than {limit} bytes"
    return "" if pattern.fullmatch(name) else text


def qualified_problem(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        return "prefix part must be non-empty"
    if slash and (len(prefix) > 253 or not SUBDOMAIN.fullmatch(prefix)):
        return "prefix part " + SUBDOMAIN_TEXT
    if not name:
        return "name part must be non-empty"
    if len(name) > 63:
        return "name part must be no more than 63 bytes"
    return "" if QUALIFIED.fullmatch(name) else QUALIFIED_TEXT


def labels(found: Any, at: str) -> Iterator[Cause]:
    for key, value in (found or {}).items():
        problem = qualified_problem(key)
        if problem:
            yield invalid(at, key, problem)
        if not isinstance(value, str):
            continue
        if len(value) > 63:
            yield invalid(at, value, "must be no more than 63 bytes")
        elif not VALUE.fullmatch(value):
            yield invalid(at, value, VALUE_TEXT)


def selector(found: Any, at: str) -> Iterator[Cause]:
    """Of a LabelSelector."""
    found = found if isinstance(found, dict) else {}
    yield from labels(found.get("matchLabels"), f"{at}.matchLabels")
    for number, each in enumerate(found.get("matchExpressions") or ()):
        place, values = f"{at}.matchExpressions[{number}]", each.get("values") or ()
        operator = each.get("operator", "")
        if operator in ("In", "NotIn") and not values:
            yield required(f"{place}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist") and values:
            yield forbidden(
                f"{place}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
        elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            yield invalid(f"{place}.operator", operator, "not a valid selector operator")
        problem = qualified_problem(each.get("key", ""))
        if problem:
            yield invalid(f"{place}.key", each.get("key", ""), problem)


def metadata(kind: Kind, value: dict[str, Any], old: dict[str, Any] | None) -> Iterator[Cause]:
    found = value["metadata"]
    name = found.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        problem = name_problem(kind, name)
        if problem:
            yield invalid("metadata.name", name, problem)
    yield from labels(found.get("labels"), "metadata.labels")
    annotations = found.get("annotations") or {}
    for key in annotations:
        problem = qualified_problem(key.lower())
        if problem:
            yield invalid("metadata.annotations", key, problem)
    if sum(len(key) + len(text) for key, text in annotations.items()) > ANNOTATIONS:
        yield Cause(
            "FieldValueTooLong", f"Too long: may not be more than {ANNOTATIONS} bytes", "metadata.annotations"
        )
    yield from _finalizers(kind, found, old)
    yield from _owners(found)


STANDARD = ("orphan", "foregroundDeletion", "kubernetes")


def _finalizers(kind: Kind, found: dict[str, Any], old: dict[str, Any] | None) -> Iterator[Cause]:
    for number, finalizer in enumerate(found.get("finalizers") or ()):
        problem = qualified_problem(finalizer)
        if problem:
            yield invalid(f"metadata.finalizers[{number}]", finalizer, problem)
        elif (
            kind.custom is False
            and "/" not in finalizer
            and finalizer not in (*STANDARD, "customresourcecleanup.apiextensions.k8s.io")
        ):
            yield invalid(
                f"metadata.finalizers[{number}]",
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            )
    if old is not None and found.get("deletionTimestamp"):
        seconds = old["metadata"].get("deletionGracePeriodSeconds")
        if found.get("deletionGracePeriodSeconds") != seconds:
            why = "field is immutable"
            yield invalid("metadata.deletionGracePeriodSeconds", found.get("deletionGracePeriodSeconds"), why)
        new = [
            each
            for each in found.get("finalizers") or ()
            if each not in (old["metadata"].get("finalizers") or ())
        ]
        if new:
            listed = ", ".join(f'"{each}"' for each in new)
            why = f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"
            yield forbidden("metadata.finalizers", why)


def namespace(value: dict[str, Any], old: dict[str, Any] | None) -> Iterator[Cause]:
    """Who has to be done before a namespace goes: in its spec, as in its metadata."""
    for finalizer in (value.get("spec") or {}).get("finalizers") or ():
        problem = qualified_problem(finalizer)
        if problem:
            yield invalid("spec.finalizers", finalizer, problem)
        elif "/" not in finalizer and finalizer not in STANDARD:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid("spec.finalizers", finalizer, why)


def _owners(found: dict[str, Any]) -> Iterator[Cause]:
    for number, owner in enumerate(found.get("ownerReferences") or ()):
        for key in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(key):
                yield invalid(
                    f"metadata.ownerReferences[{number}].{key}",
                    owner.get(key, ""),
                    f"{key} must not be empty" if key != "apiVersion" else "version must not be empty",
                )
