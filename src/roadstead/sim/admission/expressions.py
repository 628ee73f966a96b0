"""CEL of policies and webhooks: what its variables stand for in a write, and what failing means.

What a policy asks the authorizer cannot be told: the CEL library does not let us. Who uses it is not evaluated at
all, and `unknown` says so.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from roadstead.language import cel
from roadstead.language.cel import Bindings
from roadstead.model import errors
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.kinds import Kind

Value = dict[str, Any]
VARIABLES = ("object", "oldObject", "request", "params", "namespaceObject", "authorizer", "variables")
SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_VARIABLE = re.compile(r"\bvariables\.(\w+)")
_AUTHORIZER = re.compile(r"\bauthorizer\b")


class FailedError(Exception):
    """An expression has no value; the text is the server's."""


def unknown(texts: Iterable[str]) -> bool:
    """Whether one of the expressions cannot be evaluated here, whatever it is asked about."""
    return any(_AUTHORIZER.search(text) or not _compiles(text) for text in texts)


def _compiles(text: str) -> bool:
    try:
        cel.compile(text, variables=VARIABLES)
    except errors.RoadsteadError:
        return False
    return True


class Scope:
    """One write as expressions see it; `variables` are evaluated when an expression uses them first."""

    def __init__(
        self,
        attempt: Attempt,
        kind: Kind,
        *,
        params: Value | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        value, live = attempt.objects(kind)
        self._values: Value = {
            "object": value,
            "oldObject": live,
            "request": request(attempt, kind),
            "params": params,
            "namespaceObject": attempt.namespace_object,
            "authorizer": None,
        }
        self._texts = variables or {}
        self._variables: Value = {}
        self._failed: dict[str, str] = {}
        self._bound: Bindings | None = None

    def evaluate(self, text: str, *, meant: str = "") -> Any:
        """`meant`: the same for the CEL library, where it takes it in another form. Raises FailedError."""
        try:
            return self._value(meant or text)
        except FailedError as error:
            raise FailedError(f"expression '{text}' resulted in error: {error}") from error

    def _value(self, text: str) -> Any:
        used = [name for name in _VARIABLE.findall(text) if name in self._texts]
        for name in used:
            self._resolve(name)
        if self._bound is None:
            self._bound = Bindings({**self._values, "variables": self._variables})
        program = cel.compile(text, variables=VARIABLES)
        try:
            return program.evaluate(self._bound)
        except errors.RoadsteadError as error:
            broken = next((self._failed[name] for name in used if name in self._failed), "")
            raise FailedError(broken or error.problem.cause.removesuffix(f": in {text}")) from error

    def _resolve(self, name: str) -> None:
        if name in self._variables or name in self._failed:
            return
        try:
            value = self._value(self._texts[name])
        except FailedError as error:
            self._failed[name] = f'composited variable "{name}" fails to evaluate: {error}'
        else:
            self._variables[name] = value
            self._bound = None


def request(attempt: Attempt, kind: Kind) -> Value:
    """The request as it stands in an AdmissionReview, without the objects."""
    write, who = attempt.write, attempt.who
    options = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
    return {
        "kind": SCALE if write.subresource == "scale" else _kind(kind),
        "resource": _resource(kind),
        "subResource": write.subresource,
        "requestKind": SCALE if write.subresource == "scale" else _kind(write.kind),
        "requestResource": _resource(write.kind),
        "requestSubResource": write.subresource,
        "name": attempt.asked_name,
        "namespace": attempt.namespace,
        "operation": attempt.operation,
        "userInfo": {"username": who.user, "uid": who.uid, "groups": list(who.groups), "extra": {}},
        "dryRun": write.dry_run,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": options[attempt.operation]},
    }


def _kind(kind: Kind) -> Value:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _resource(kind: Kind) -> Value:
    return {"group": kind.group, "version": kind.version, "resource": kind.plural}


def holds(scope: Scope, conditions: Iterable[Value]) -> bool:
    """Whether all match conditions do. Raises FailedError when one cannot be told and none is false."""
    failed = []
    for condition in conditions:
        try:
            if scope.evaluate(condition["expression"]) is False:
                return False
        except FailedError as error:
            failed.append(str(error))
    if failed:
        texts = list(dict.fromkeys(failed))
        raise FailedError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return True
