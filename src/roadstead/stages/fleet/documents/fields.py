"""What the models of documents are made of: their settings, and text that follows rules.

Documents are validated as JSON in strict mode (text is never taken for a number), so lists may become
tuples and words enums without a conversion. A null is as good as an absent field, as in Kubernetes.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

API_VERSION = "roadstead.dev/v1alpha1"


class Spec(BaseModel):
    model_config = ConfigDict(
        defer_build=True,  # until a document of this kind is read: all kinds together take 40 ms
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        serialize_by_alias=True,
    )


ApiVersion = Annotated[
    Literal["roadstead.dev/v1alpha1"], Field(description="Always `roadstead.dev/v1alpha1`.")
]

_NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_LABEL_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
_LABEL_KEY = r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PATTERN = r"[-a-z0-9*]+"

NAME = f"^{_NAME}$"
REFERENCE = f"^({_NAME}/)?{_NAME}$"
REFERENCE_PATTERN = f"^({_PATTERN}/)?{_PATTERN}$"
LABEL_KEY = f"^{_LABEL_KEY}$"
LABEL_VALUE = f"^{_LABEL_VALUE}$"
KIND = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Z][A-Za-z0-9]*$"
KIND_OR_ALL = r"^(\*|([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Z][A-Za-z0-9]*)$"
NAMESPACE_PATTERN = f"^{_PATTERN}$"
RELATIVE_PATH = r"^[^/\\][^\\]*$"
POINTER = r"^(/[^/]*)+$"
DURATION = r"^([0-9]+(s|m|h|d))+$"
VERSION = r"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$"
KUBERNETES = r"^1\.[0-9]+(\.[0-9]+)?$"
COMMIT = r"^[0-9a-f]{7,64}$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
ACCOUNT = f"^{_NAME}/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
DAYS = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))?$"
HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
PERCENT = r"^(100|[1-9]?[0-9])%$"
GIT_URL = r"^(https?://|ssh://[A-Za-z0-9]|file:///|/|\.{1,2}/|[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9.-]*:)\S*$"
CHART_REPOSITORY = r"^(https?|oci)://\S+$"
HTTP_URL = r"^https?://[^/\s]\S*$"
REPOSITORY_PATH = r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$"
ARTIFACTS = r"^oci://[^\s/@]+(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$"


class Format(NamedTuple):
    """A rule for text: what the reference calls it, and what a message says was expected."""

    word: str
    meaning: str


FORMATS = {
    NAME: Format("name", "a name of at most 63 lower-case letters, digits and -"),
    REFERENCE: Format("reference", "a name, or SOURCE/NAME"),
    REFERENCE_PATTERN: Format("reference pattern", "a name or SOURCE/NAME, where * stands for any letters"),
    LABEL_KEY: Format("label key", "a label key as Kubernetes takes it"),
    LABEL_VALUE: Format(
        "label value", "a label value as Kubernetes takes it: at most 63 letters, digits, -, _ and ."
    ),
    KIND: Format("kind", "a kind with its group and without its version, as apps/Deployment or Service"),
    KIND_OR_ALL: Format(
        "kind or *", "a kind with its group and without its version, as apps/Deployment, or *"
    ),
    NAMESPACE_PATTERN: Format("namespace pattern", "a namespace, where * stands for any letters"),
    RELATIVE_PATH: Format("path", "a relative path with / between folders"),
    POINTER: Format("JSON pointer", "a JSON pointer, as /spec/replicas"),
    DURATION: Format("duration", "a duration, as 90s, 10m or 1h30m"),
    VERSION: Format("version", "a version of three numbers, as 5.8.1"),
    KUBERNETES: Format("Kubernetes version", 'a Kubernetes version, as "1.36"'),
    COMMIT: Format("commit", "a commit id of 7 to 64 hexadecimal digits"),
    VARIABLE: Format("variable name", "letters, digits and _, not starting with a digit"),
    ACCOUNT: Format("account", "NAMESPACE/SERVICEACCOUNT"),
    DAYS: Format("days", "a day or a span of days, as Mon-Thu"),
    HOURS: Format("hours", "from and to, as 08:00-16:00"),
    GIT_URL: Format("repository", "a repository's https, ssh or file address, or a path"),
    CHART_REPOSITORY: Format("address", "an address that starts with https:// or oci://"),
    HTTP_URL: Format("web address", "an address that starts with https:// or http://"),
    REPOSITORY_PATH: Format("repository path", "a repository at its forge, as OWNER/NAME"),
    ARTIFACTS: Format("artifacts", "an address as oci://HOST/NAME, without tag or digest"),
}

Name = Annotated[str, Field(pattern=NAME)]
Reference = Annotated[str, Field(pattern=REFERENCE)]
ReferencePattern = Annotated[str, Field(pattern=REFERENCE_PATTERN)]
LabelKey = Annotated[str, Field(pattern=LABEL_KEY)]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE)]
Kind = Annotated[str, Field(pattern=KIND)]
KindOrAll = Annotated[str, Field(pattern=KIND_OR_ALL)]
NamespacePattern = Annotated[str, Field(pattern=NAMESPACE_PATTERN)]
RelativePath = Annotated[str, Field(pattern=RELATIVE_PATH)]
Pointer = Annotated[str, Field(pattern=POINTER)]
Duration = Annotated[str, Field(pattern=DURATION)]
Version = Annotated[str, Field(pattern=VERSION)]
Commit = Annotated[str, Field(pattern=COMMIT)]
Account = Annotated[str, Field(pattern=ACCOUNT)]
Days = Annotated[str, Field(pattern=DAYS)]
Hours = Annotated[str, Field(pattern=HOURS)]
Words = Annotated[str, Field(min_length=1)]
Kubernetes = Annotated[str, Field(pattern=KUBERNETES)]
RepositoryPath = Annotated[str, Field(pattern=REPOSITORY_PATH)]
VariableName = Annotated[str, Field(pattern=VARIABLE)]
Variables = dict[VariableName, Any]


def _amount(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    digits = value[:-1] if isinstance(value, str) and value.endswith("%") else ""
    if digits.isascii() and digits.isdigit() and int(digits) <= 100:
        return value
    raise wrong('a number, or a share such as "20%"', value)


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise wrong('a time with its zone, as "2026-12-01T18:00Z"', text)
    return text


def _address(text: str) -> str:
    """Passwords never stand in Git, and are not repeated in the message."""
    _, scheme, rest = text.partition("://")
    user = rest.partition("/")[0].rpartition("@")[0]
    if scheme and ":" in user:
        raise PydanticCustomError("credentials", "expected an address without a password, found one with")
    return text


def wrong(wanted: str, found: object) -> PydanticCustomError:
    return PydanticCustomError(
        "wrong", "expected {wanted}, found {found}", {"wanted": wanted, "found": str(found)}
    )


Amount = Annotated[
    int | str,
    BeforeValidator(_amount),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": PERCENT}]}),
]
Instant = Annotated[str, AfterValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
GitUrl = Annotated[str, Field(pattern=GIT_URL), AfterValidator(_address)]
ChartRepository = Annotated[str, Field(pattern=CHART_REPOSITORY), AfterValidator(_address)]
Artifacts = Annotated[str, Field(pattern=ARTIFACTS)]

_Model = TypeVar("_Model", bound=BaseModel)


def exactly_one(*names: str) -> Callable[[_Model], _Model]:
    """A rule for `model_validator(mode="after")`: one of these fields is given, and only one."""

    def check(model: _Model) -> _Model:
        given = [_written(name) for name in names if getattr(model, name) not in (None, False)]
        if len(given) != 1:
            wanted = ", ".join(_written(name) for name in names)
            raise wrong(f"exactly one of {wanted}", " and ".join(given) or "none")
        return model

    return check


def one_of(*names: str) -> ConfigDict:
    """The same rule for editors, in the JSON Schema."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [_written(name)]} for name in names]})


def _written(name: str) -> str:
    return to_camel(name.rstrip("_"))


class Metadata(Spec):
    name: Name = Field(description="The document's name, one of a kind in its repository.")
