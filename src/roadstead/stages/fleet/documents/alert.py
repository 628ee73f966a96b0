"""The Alert document: what is told, of which clusters and bundles, and to whom.

Git holds no secret in clear: what gives access is named, and an address that seems to give access is refused.
"""

import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, AliasChoices, Field, model_validator
from pydantic_core import PydanticCustomError

from roadstead.model.alert import Forge, Word
from roadstead.model.events import Level
from roadstead.stages.fleet.documents import fields, parts

_INSTEAD = (
    "put it into a secret of the hub (a file of --secrets) and write {secret: NAME}; the one in Git is known now, "
    "replace it"
)
_TELLING = re.compile(r"(?i)(key|token|secret|sig|signature|password|passwd|pass|auth|code)$")
_KEY = re.compile(
    r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{12,}|(?=[A-Z]*[a-z])(?=[a-z]*[A-Z])[A-Za-z]{20,}"
)


def gives_access(text: str) -> str:
    """What of an address gives access to whoever reads it; empty for what everybody may know."""
    found = urlsplit(text)
    if "@" in found.netloc:
        return "a user or password"
    if any(_TELLING.search(name) for name, _ in parse_qsl(found.query, keep_blank_values=True)):
        return "a key in its query"
    if any(_KEY.fullmatch(part) for part in re.split("[/.:_-]", found.path)):
        return "a part that looks like a key"
    return ""


def _public(text: str) -> str:
    if found := gives_access(text):
        raise PydanticCustomError(
            "credentials",
            "expected an address that everybody may know, found one with {found}",
            {"found": found, "hint": _INSTEAD},
        )
    return text


PublicUrl = Annotated[str, Field(pattern=fields.HTTP_URL), AfterValidator(_public)]


def _named(value: Any) -> Any:
    """A secret written out where its name belongs is not repeated in the message."""
    if isinstance(value, str):
        raise PydanticCustomError(
            "credentials",
            "expected a mapping such as {example}, found the text itself",
            {"example": "{secret: NAME}", "hint": _INSTEAD},
        )
    return value


class SecretReference(fields.Spec):
    """Something secret, by name: it never stands in Git in clear."""

    secret: fields.Name = Field(
        description="A secret of the hub: the file of this name in its folder of secrets, or the variable "
        "ROADSTEAD_SECRET_NAME of its environment."
    )

    _by_name = model_validator(mode="before")(_named)


class Address(fields.Spec):
    """An address: by the name of a secret, or in clear where it gives access to nobody."""

    model_config = fields.one_of("secret", "address")

    secret: fields.Name | None = Field(default=None, description="The secret of the hub that holds it.")
    address: PublicUrl | None = Field(
        default=None, description="http:// or https://, without anything that gives access."
    )

    _by_name = model_validator(mode="before")(_named)
    _one = model_validator(mode="after")(fields.exactly_one("secret", "address"))


class Webhook(fields.Spec):
    """A POST of a CloudEvent (1.0, JSON), signed as Standard Webhooks says."""

    url: Address = Field(description="Where to.")
    key: SecretReference | None = Field(
        default=None, description="Signs each message (HMAC-SHA256); default: not signed."
    )


class Alertmanager(fields.Spec):
    """Alerts in Alertmanager's API v2: sent again while they are true, and ended when they are over."""

    url: Address = Field(description="Its address, without /api/v2/alerts.")
    token: SecretReference | None = Field(default=None, description="Bearer token; default: none.")


class OnForge(fields.Spec):
    """A repository at a forge."""

    forge: Forge = Field(description="Whose API it is.")
    api: Address | None = Field(
        default=None,
        description="The API's address; default: https://api.github.com, or https://gitlab.com/api/v4.",
    )
    repository: fields.RepositoryPath = Field(description="The fleet repository there, as OWNER/NAME.")
    token: SecretReference = Field(description="A token that may write statuses, or comments.")

    @model_validator(mode="after")
    def _has_api(self) -> "OnForge":
        if self.api is None and self.forge in (Forge.GITEA, Forge.FORGEJO):
            raise fields.wrong(f"api, the address of this {self.forge}'s API", "none")
        return self


class Receiver(fields.Spec):
    """Where messages go: exactly one of these."""

    model_config = fields.one_of("url", "webhook", "alertmanager", "commit_status", "pull_request")

    url: SecretReference | None = Field(
        default=None,
        description="A secret that holds an address of Apprise (slack://…, mailto://…, pagerduty://…); needs "
        "roadstead[apprise].",
    )
    webhook: Webhook | None = Field(default=None, description="A signed POST of a CloudEvent.")
    alertmanager: Alertmanager | None = Field(default=None, description="Prometheus Alertmanager.")
    commit_status: OnForge | None = Field(
        default=None, description="A status at the commit: pending, then success or failure."
    )
    pull_request: OnForge | None = Field(
        default=None, description="A comment at the pull request that brought the commit, kept up to date."
    )

    _one = model_validator(mode="after")(
        fields.exactly_one("url", "webhook", "alertmanager", "commit_status", "pull_request")
    )


class AlertSpec(fields.Spec):
    on: tuple[Word, ...] = Field(
        min_length=1,
        # YAML as Kubernetes reads it takes a bare `on` for true, also as a key
        validation_alias=AliasChoices("on", "true"),
        description="What is told. That it is over (corrected, healthy, reachable, followed again) is told as well.",
    )
    levels: tuple[Level, ...] = Field(
        default=tuple(Level), min_length=1, description="Only what is as bad as one of these."
    )
    clusters: parts.Clusters = Field(
        description="Of which clusters. What concerns the whole fleet, as Git that cannot be read, is told in any case."
    )
    bundles: tuple[fields.ReferencePattern, ...] = Field(
        default=("*",),
        min_length=1,
        description="Of which Bundles; `*` in a name stands for any letters. What concerns a whole cluster is told in "
        "any case.",
    )
    bundle_selector: parts.Labels | None = Field(
        default=None, description="Of which of these Bundles, by their labels; default: all of them."
    )
    gather: fields.Duration = Field(
        default="10s",
        description="How long the first of several waits for the others: they make one message.",
    )
    repeat: fields.Duration = Field(
        default="1d", description="When to tell again what was told and is still so."
    )
    to: tuple[Receiver, ...] = Field(min_length=1, description="Whom to tell; all of them.")


class Alert(fields.Spec):
    """Who is told when something happens."""

    api_version: fields.ApiVersion
    kind: Literal["Alert"] = Field(description="Always `Alert`.")
    metadata: fields.Metadata
    spec: AlertSpec = Field(description="What, and to whom.")
