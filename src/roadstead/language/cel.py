"""CEL as Kubernetes speaks it, over plain values.

Checked when compiled, as far as types are known: objects are dynamic. Evaluation fails closed: an error value,
an unknown, an optional or another type than was asked for raises, and is never taken for false.

Beside the language there are the libraries strings, optional, math, encoders, bindings, lists, sets and
two-variable comprehensions, and those Kubernetes adds (cel_functions/): lists, regex, URLs, quantities, semver,
IP, CIDR and named formats. Not there, because the library does not let us: the authorizer (it asks a server),
optionals that our own functions give (format: hasValue() and value() only), sum, min and max of durations and
times, transformMap, and type names of Kubernetes' own types (`type(x) == net.IP`). No cost limit: who evaluates
what others wrote does it under a deadline, in a worker.

The CEL library is loaded with the first expression, not with this module.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from roadstead.language import nearest
from roadstead.language.cel_functions import amounts, formats, lists, network, regex, urls
from roadstead.language.cel_functions.declaration import Function
from roadstead.model import errors, reasons

_LIBRARIES = (amounts, formats, lists, network, regex, urls)
_EXTENSIONS = (
    "optional", "strings", "math", "encoders", "bindings", "lists", "sets", "two-var-comprehensions"
)  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "string": (str,),
    "int": (int,),
    "double": (float,),
    "list": (list,),
    "map": (dict,),
}
_COMPILE_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_STATUS = re.compile(r"^(?:[A-Z]+(?:_[A-Z]+)*: )+|\s*\[[A-Z_]+\]$")
_MISSING_KEY = re.compile(r'Key not found in map : "(.*)"', re.DOTALL)


class Bindings:
    """The values of variables, converted once for many programs."""

    __slots__ = ("_activations", "_values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._activations: dict[tuple[str, ...], Any] = {}

    def activation(self, variables: tuple[str, ...]) -> Any:
        if variables not in self._activations:
            self._activations[variables] = _environment(variables).Activation(self._values)
        return self._activations[variables]


class Program(Struct, frozen=True):
    """`gives` is the type asked for, or empty."""

    expression: str
    variables: tuple[str, ...]
    gives: str
    _compiled: Any

    def evaluate(self, bindings: Mapping[str, Any] | Bindings) -> Any:
        """The value, plain. Raises StalledError(ExpressionFailed)."""
        bound = bindings if isinstance(bindings, Bindings) else Bindings(bindings)
        try:
            result = self._compiled.eval(bound.activation(self.variables))
            kind = result.type().name()
            value = str(result.value()) if kind in ("ERROR", "UNKNOWN") else _plain(result.plain_value())
        except (RuntimeError, ValueError, TypeError, OverflowError) as cause:
            # TypeError: an optional has no Python value
            raise self._failed(
                _words(str(cause)) if not isinstance(cause, TypeError) else _NO_VALUE
            ) from cause
        if kind in ("ERROR", "UNKNOWN"):
            raise self._failed(_words(value))
        if self.gives and not _is(value, self.gives):
            raise self._failed(f"it gives {kind.lower()}, not {self.gives}")
        return value

    def _failed(self, cause: str) -> errors.RoadsteadError:
        return errors.error(errors.Problem(reasons.EXPRESSION_FAILED, f"{cause}: in {self.expression}"))


_NO_VALUE = "it gives an optional; use orValue()"


@lru_cache(maxsize=1024)
def compile(expression: str, *, variables: tuple[str, ...] = ("object",), gives: str = "") -> Program:
    """`gives`: bool, string, int, double, list or map, when the value must be one.

    Raises UsageError(BadExpression) with every mistake found.
    """
    environment = _environment(variables)
    try:
        compiled = environment.compile(expression)
    except RuntimeError as cause:
        raise errors.error(_mistakes(str(cause), expression, variables)) from cause
    static = str(compiled.return_type()).lower().partition("<")[0]
    if gives and static not in (gives, "dyn"):
        raise errors.error(
            errors.Problem(reasons.BAD_EXPRESSION, f"it gives {static}, not {gives}: {expression}")
        )
    return Program(expression, variables, gives, compiled)


@lru_cache(maxsize=64)
def _environment(variables: tuple[str, ...]) -> Any:
    from cel_expr_python import cel

    config = cel.NewEnvConfigFromYaml("extensions:\n" + "".join(f"- name: {name}\n" for name in _EXTENSIONS))
    return cel.NewEnv(
        config=config,
        variables=dict.fromkeys(variables, cel.Type.DYN),
        # As an extension its overloads join those of the same name; as functions they would clash.
        extensions=[cel.CelExtension("kubernetes", _declarations())],
    )


def _declarations() -> list[Any]:
    from cel_expr_python import cel

    overloads: dict[str, list[Any]] = {}
    functions: list[Function] = [function for library in _LIBRARIES for function in library.FUNCTIONS]
    for function in functions:
        overload = cel.Overload(
            f"kubernetes_{function.name}_{'_'.join(function.takes)}_{function.member}",
            return_type=cel.Type(function.gives),
            parameters=[cel.Type(name) for name in function.takes],
            is_member=function.member,
            impl=function.call,
        )
        overloads.setdefault(function.name, []).append(overload)
    return [cel.FunctionDecl(name, found) for name, found in overloads.items()]


def _mistakes(text: str, expression: str, variables: tuple[str, ...]) -> list[errors.Problem]:
    found = []
    for line, column, message in _COMPILE_ERROR.findall(text) or [("1", "1", _words(text))]:
        words = message.replace(" (in container '')", "")
        name = _UNDECLARED.search(words)
        hint = nearest.hint(name[1], variables) if name else ""
        cause = f"{_words(words)} at {line}:{column}: {expression}"
        found.append(
            errors.Problem(reasons.BAD_EXPRESSION, cause, hint=hint or reasons.BAD_EXPRESSION.remedy)
        )
    return found


def _words(message: str) -> str:
    message = _STATUS.sub("", message)
    missing = _MISSING_KEY.fullmatch(message)
    if missing:
        return f"no such key: {missing[1]}"
    return message[:1].lower() + message[1:]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return bytes(value) if isinstance(value, bytearray) else value


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))
